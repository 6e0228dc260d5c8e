/* getsockname(2): the address that the program asked for. */
#include "linux/sys.h"
#include "notify/handler.h"
#include "notify/name.h"
#include "translate/sockname.h"

void handler_getsockname(struct notification *s)
{
    name_answer(s, sys_getsockname, sockname_get);
}
