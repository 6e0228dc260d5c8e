/* The names of errors, as errno(3) has them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns the errno of that name on this machine, or 0 if there is none. */
uint16_t errname_number(const char *name, size_t size);

/* Returns the name of an errno, or NULL if it is none of this machine. */
const char *errname_of(unsigned number);
