/* Standard output as a terminal: its size, colours, and how wide a text is on it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { TERMINAL_WIDTH_DEFAULT = 80 };

#define TERMINAL_RED "\033[31m"
#define TERMINAL_GREEN "\033[32m"
#define TERMINAL_YELLOW "\033[33m"
#define TERMINAL_PLAIN "\033[0m"

bool terminal_is_output(void);

/* Returns the number of columns: of COLUMNS, else of the kernel. 0 if it is not a terminal. */
size_t terminal_width(void);

/* Returns the number of lines, or 0 if it is not a terminal or that is not known. */
size_t terminal_height(void);

/* Returns whether to use colours: on a terminal, unless NO_COLOR is set (no-color.org). */
bool terminal_has_colour(void);

/* Returns how many columns `size` bytes of printable text (text_printable) take. */
size_t terminal_columns(const char *text, size_t size);

/* Returns how many bytes of it fit into `columns`. */
size_t terminal_fit(const char *text, size_t size, size_t columns);

/* Returns the size of its first character, or byte that is of none. It is not empty. */
size_t terminal_next(const char *text);

/*
 * Prints a text from the column `used` on, without a newline at its end. On a terminal, it is broken
 * between words, and each further line is indented.
 */
void terminal_wrap(const char *text, size_t used, size_t indent);
