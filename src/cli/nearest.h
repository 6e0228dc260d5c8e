/* What a misspelt word was meant to be. */
#pragma once

#include <stddef.h>

/*
 * Returns the word of `words` that is nearest to `word`, or NULL if none is near: one that begins
 * with it, or that differs in few letters (restricted Damerau-Levenshtein distance). `words` may
 * hold NULL, which is skipped.
 */
const char *nearest_word(const char *word, const char *const *words, size_t count);
