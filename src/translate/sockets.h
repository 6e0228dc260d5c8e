/* The sockets of the program's network namespace. */
#ifndef TRANSLATE_SOCKETS_H
#define TRANSLATE_SOCKETS_H

#include "linux/sock_diag.h"
#include "translate/engine.h"

/*
 * As sock_diag_find and sock_diag_list, which ask about the network namespace of this
 * process. If the program is in another one, the answer is that it is unknown.
 */
static inline enum sock_diag_answer
sockets_find(const struct endpoint *to, const struct endpoint *from, struct sock_diag_socket *found)
{
    return engine_is_elsewhere() ? SOCK_DIAG_UNKNOWN : sock_diag_find(to, from, found);
}

static inline int sockets_list(const struct endpoint *actual, struct sock_diag_socket *list,
                               int max)
{
    return engine_is_elsewhere() ? -1 : sock_diag_list(actual, list, max);
}

#endif
