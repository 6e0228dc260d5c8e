#include "cli/library.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/place.h"

/* The loader skips what it cannot load, and starts the program without it: so look before. */
static bool is_elf(const char *path)
{
    char magic[SELFMAG] = "";
    FILE *file = fopen(path, "re");
    bool is = file != NULL && fread(magic, 1, SELFMAG, file) == SELFMAG &&
              memcmp(magic, ELFMAG, SELFMAG) == 0;

    if (file != NULL)
        fclose(file);
    return is;
}

static bool find(char path[PATH_MAX])
{
    const char *named = getenv("REMAP_LIBRARY");

    if (named != NULL && named[0] != '\0') {
        bool is_found = place_try(named, "", path);
        if (is_found && is_elf(path))
            return true;
        message_print(is_found ? "'%s' is not a library: correct REMAP_LIBRARY"
                               : "cannot read '%s': correct REMAP_LIBRARY",
                      named);
        return false;
    }
    return place_find_library(path);
}

bool library_find(char path[PATH_MAX])
{
    if (!find(path))
        return false;
    if (strpbrk(path, " :\t\n") == NULL)
        return true;
    message_print("the loader cannot preload '%s': move it to a path without blanks and colons",
                  path);
    return false;
}
