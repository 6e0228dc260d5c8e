#include "translate/call.h"

#include "core/hot.h"
#include "translate/socket.h"

COLD void call_learn_proto(struct call *c)
{
    if (c->asked.proto == PROTO_ANY)
        c->asked.proto = c->actual.proto = socket_proto(c->fd);
}
