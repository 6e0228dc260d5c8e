/* By which port this process called a peer, so that it is told that one again. */
#ifndef PRELOAD_CALLED_H
#define PRELOAD_CALLED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes note that a program sent or connected, on the descriptor `fd`, to `asked`, and
 * that this is on its way to `actual`; the two are equal where a program uses the
 * high port itself. It is a hint for what to tell, and no more: descriptors are closed
 * behind our back, but who uses one anew calls somebody anew.
 */
void called_note(int fd, uint16_t actual, uint16_t asked);

/* The asked port that was noted, or 0. */
uint16_t called_port(int fd, uint16_t actual);

#endif
