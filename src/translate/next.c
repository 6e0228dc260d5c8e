#include "translate/next.h"

#include "linux/sys.h"

struct next next = {
#define SOCKET_CALL(name, ...) .name = sys_##name,
#include "translate/calls.def"
};
