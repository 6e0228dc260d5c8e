/* getpeername(2): the address that the peer, on this host, asked for. */
#include "notify/handler.h"
#include "notify/name.h"
#include "registry/sys.h"
#include "translate/peer.h"

void handler_getpeername(struct stopped *s)
{
    name_answer(s, sys_getpeername, peer_getpeername);
}
