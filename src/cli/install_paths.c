#include "cli/install_paths.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cli/both_abis.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "core/text.h"
#include "linux/procfs.h"
#include "linux/trust.h"

/* To look below /proc for the first time takes longer than all that comes after it. */
const char *install_paths_own(void)
{
    static char own[PATH_MAX];
    const char *executed = (const char *)getauxval(AT_EXECFN);

    if (own[0] != '\0' || (executed != NULL && realpath(executed, own) != NULL) ||
        procfs_link(0, "exe", own, sizeof(own)) > 0)
        return own;
    own[0] = '\0';
    return NULL;
}

/* Writes the real path of FOLDER/SUBFOLDER/NAME. Returns false if it cannot be read. */
static bool try_file(const char *folder, const char *subfolder, const char *name,
                     char path[PATH_MAX])
{
    char candidate[PATH_MAX];
    int size = snprintf(candidate, sizeof(candidate), "%s/%s/%s", folder, subfolder, name);

    return (size_t)size < sizeof(candidate) && access(candidate, R_OK) == 0 &&
           realpath(candidate, path) != NULL;
}

/* Looks in folders relative to that of this program, NULL at the end, and then in `installed`. */
static bool find(const char *name, const char *const relative[], const char *installed,
                 char path[PATH_MAX])
{
    const char *own = install_paths_own();
    char folder[PATH_MAX];

    text_copy(folder, sizeof(folder), own != NULL ? own : "/");
    *strrchr(folder, '/') = '\0';
    for (; own != NULL && *relative != NULL; relative++) {
        if (try_file(folder, *relative, name, path))
            return true;
    }
    return try_file(installed, ".", name, path);
}

static bool find_library(char path[PATH_MAX])
{
    char own[PATH_MAX + 3];
    const char *const relative[] = {".", own, "../lib", NULL};
    const char *folder = both_abis_folder();

    snprintf(own, sizeof(own), "../%s", folder != NULL ? folder : "lib");
    return find("libremap.so", relative, REMAP_LIBDIR, path);
}

/* The loader skips a file that it cannot load, and starts the program without it. */
static bool is_elf(const char *path)
{
    CLEANUP_FILE FILE *file = fopen(path, "re");
    char magic[SELFMAG] = "";

    return file != NULL && fread(magic, 1, SELFMAG, file) == SELFMAG &&
           memcmp(magic, ELFMAG, SELFMAG) == 0;
}

bool install_paths_library(char path[PATH_MAX])
{
    const char *named = getenv("REMAP_LIBRARY");

    if (named == NULL || named[0] == '\0') {
        if (!find_library(path)) {
            message_print(
                "libremap.so is neither beside remap nor in %s: set REMAP_LIBRARY to its path",
                REMAP_LIBDIR);
            return false;
        }
    } else if (access(named, R_OK) != 0 || realpath(named, path) == NULL) {
        message_print("cannot read '%s': correct REMAP_LIBRARY", named);
        return false;
    } else if (geteuid() == 0 && trust_of(named) != CONFIG_TRUSTED) {
        message_print("other users can change '%s', and this is root: correct REMAP_LIBRARY",
                      named);
        return false;
    } else if (!is_elf(path)) {
        message_print("'%s' is not a library: correct REMAP_LIBRARY", named);
        return false;
    }
    return true;
}

void install_paths_helper(char path[PATH_MAX])
{
    static const char *const RELATIVE[] = {".", "../sbin", NULL};

    if (!find("remap-redirect", RELATIVE, REMAP_SBINDIR, path))
        message_die(STATUS_UNAVAILABLE,
                    "remap-redirect is neither beside remap nor in %s: install it", REMAP_SBINDIR);
}
