#include "translate/bind_call.h"

#include "core/hot.h"
#include "linux/socket.h"

COLD void bind_call_learn_proto(struct bind_call *c)
{
    if (c->asked.proto == PROTO_ANY)
        c->asked.proto = c->actual.proto = socket_proto(c->fd);
}
