#include "core/errname.h"

#include <errno.h>
#include <string.h>

/* Without pointers, the library needs no relocations for it. */
enum { NAME_SIZE = 18 };

/* Lines that the Makefile makes from <errno.h>. Names for other names (EWOULDBLOCK) come last. */
static const struct {
    char name[NAME_SIZE];
    uint16_t number;
} TABLE[] = {
#include <errname_table.h>
};

enum { COUNT = sizeof(TABLE) / sizeof(TABLE[0]) };
_Static_assert(COUNT > 0, "<errno.h> has names");

uint16_t errname_number(const char *name, size_t size)
{
    for (int i = 0; i < COUNT && size < NAME_SIZE; i++) {
        if (memcmp(TABLE[i].name, name, size) == 0 && TABLE[i].name[size] == '\0')
            return TABLE[i].number;
    }
    return 0;
}

const char *errname_of(unsigned number)
{
    for (int i = 0; i < COUNT; i++) {
        if (TABLE[i].number == number)
            return TABLE[i].name;
    }
    return NULL;
}
