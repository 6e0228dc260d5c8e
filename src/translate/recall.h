/* Answers that hold for a moment, so that not every datagram costs a question. */
#ifndef TRANSLATE_RECALL_H
#define TRANSLATE_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A key for recall_get and recall_put: mixes bytes into `key`, a number for the kind of
 * question at first.
 */
uint64_t recall_key(uint64_t key, const void *bytes, size_t size);

/* The answer that was put in during the last 100 ms, if it still is there. */
bool recall_get(uint64_t key, uint16_t *answer);
void recall_put(uint64_t key, uint16_t answer);

#endif
