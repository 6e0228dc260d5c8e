#include "cli/library.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"

#define LIBRARY_NAME "libremap.so"

/* Whether there is a library at folder + rest; its real path is then in `path`. */
static bool try_path(const char *folder, const char *rest, char path[PATH_MAX])
{
    char candidate[PATH_MAX];
    int size = snprintf(candidate, sizeof(candidate), "%s%s", folder, rest);

    return size > 0 && (size_t)size < sizeof(candidate) && access(candidate, R_OK) == 0 &&
           realpath(candidate, path) != NULL;
}

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

/* The folder of this program, without a slash at the end; "" where it cannot be told. */
static void own_folder(char folder[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", folder, PATH_MAX - 1);

    folder[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
}

static bool find(char path[PATH_MAX])
{
    const char *named = getenv("REMAP_LIBRARY");
    char folder[PATH_MAX];

    if (named != NULL && named[0] != '\0') {
        bool is_found = try_path(named, "", path);
        if (is_found && is_elf(path))
            return true;
        message_print(is_found ? "'%s' is not a library: correct REMAP_LIBRARY"
                               : "cannot read '%s': correct REMAP_LIBRARY",
                      named);
        return false;
    }
    own_folder(folder);
    if (try_path(folder, "/" LIBRARY_NAME, path) ||
        try_path(folder, "/../lib/" LIBRARY_NAME, path) ||
        try_path(REMAP_LIBDIR, "/" LIBRARY_NAME, path))
        return true;
    message_print("%s is neither beside remap nor in %s: name it in REMAP_LIBRARY", LIBRARY_NAME,
                  REMAP_LIBDIR);
    return false;
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
