/* By which port this process called a peer, so that it is told that one again. */
#ifndef TRANSLATE_PEER_CACHE_H
#define TRANSLATE_PEER_CACHE_H

#include <stdint.h>

#include "core/endpoint.h"

/*
 * Takes note that a program sent or connected, on the socket `fd` (engine_socket), to `asked` on the
 * host `to`, and that this is on its way to `actual` there; the two are equal where a
 * program uses the high port itself. `to` is not v4-mapped. It is a hint for what to
 * tell, and no more: descriptors are closed behind our back, but who uses one anew
 * calls the same peer anew before it hears of it.
 */
void peer_cache_put(int fd, const struct addr *to, uint16_t actual, uint16_t asked);

/* The asked port that was noted, or 0. */
uint16_t peer_cache_get(int fd, const struct addr *to, uint16_t actual);

#endif
