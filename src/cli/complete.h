/* Completion of the command line, for shells. */
#pragma once

/*
 * Prints a word that the last one may be completed to, and what it means ("" for nothing), unless the
 * word does not begin like the last one.
 */
void complete_word(const char *word, const char *description);
