/* Answers that hold for a moment, so that not every datagram costs a question. */
#ifndef TRANSLATE_TTL_CACHE_H
#define TRANSLATE_TTL_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A key for ttl_cache_get and ttl_cache_put: mixes bytes into `key`, a number for the kind of
 * question at first.
 */
uint64_t ttl_cache_key(uint64_t key, const void *bytes, size_t size);

/* The answer that was put in during the last 100 ms, if it still is there. */
bool ttl_cache_get(uint64_t key, uint16_t *answer);
void ttl_cache_put(uint64_t key, uint16_t answer);

#endif
