/* getsockname(2): the address that the program asked for. */
#include "notify/handler.h"
#include "notify/name.h"
#include "registry/sys.h"
#include "translate/incoming.h"

void handler_getsockname(struct stopped *s)
{
    name_answer(s, sys_getsockname, incoming_getsockname);
}
