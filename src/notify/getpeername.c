/* getpeername(2): the address that the peer, on this host, asked for. */
#include "linux/sys.h"
#include "notify/handler.h"
#include "notify/name.h"
#include "translate/peername.h"

void handler_getpeername(struct notification *s)
{
    name_answer(s, sys_getpeername, peername_get);
}
