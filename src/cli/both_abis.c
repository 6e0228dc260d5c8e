/*
 * A loader replaces $LIB by the name of the folder that contains the loader itself, with all symbolic
 * links resolved. That is so on each distribution, and also for the loader in Debian's lib32.
 */
#include "cli/both_abis.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/install_paths.h"
#include "cli/message.h"
#include "core/text.h"
#include "linux/sys.h"
#include "program/elf.h"

static void read_elf(const char *path, struct elf *e)
{
    SYS_CLEANUP_FD int fd = sys_open(path, O_RDONLY | O_NONBLOCK);

    *e = (struct elf){.kind = ELF_NONE};
    if (fd >= 0)
        elf_read(fd, e);
}

/* glibc's loader for the 32-bit programs that a machine of 64 bits runs as well; NULL if there is none. */
#if defined(__x86_64__)
#define OTHER_LOADER "/lib/ld-linux.so.2"
#elif defined(__aarch64__)
#define OTHER_LOADER "/lib/ld-linux-armhf.so.3"
#elif defined(__s390x__)
#define OTHER_LOADER "/lib/ld.so.1"
#else
#define OTHER_LOADER NULL
#endif

static bool folder_of(const char *loader, char folder[PATH_MAX])
{
    char path[PATH_MAX];

    if (realpath(loader, path) == NULL)
        return false;
    *strrchr(path, '/') = '\0';
    const char *name = text_has_prefix(path, "/usr/") ? path + 5 : path + 1;
    text_copy(folder, PATH_MAX, name);
    return *name != '\0';
}

const char *both_abis_folder(void)
{
    static char folder[PATH_MAX];
    const char *loader = elf_own_loader();
    bool is_known = folder[0] != '\0' || (loader != NULL && folder_of(loader, folder));

    return is_known ? folder : NULL;
}

/* Returns the length of what comes before FOLDER/libremap.so in the path of the library, or 0. */
static size_t base_of(const char *library, const char *folder)
{
    char end[PATH_MAX];
    size_t size = strlen(library),
           tail = (size_t)snprintf(end, sizeof(end), "/%s/libremap.so", folder);

    return tail < size && strcmp(library + size - tail, end) == 0 ? size - tail : 0;
}

bool both_abis_path(const char *library, char path[PATH_MAX])
{
    char other_folder[PATH_MAX], other[2 * PATH_MAX];
    const char *loader = OTHER_LOADER, *folder = both_abis_folder();
    struct elf e;

    size_t base = folder != NULL ? base_of(library, folder) : 0;
    if (base == 0 || loader == NULL || !folder_of(loader, other_folder))
        return false;
    snprintf(other, sizeof(other), "%.*s/%s/libremap.so", (int)base, library, other_folder);
    read_elf(other, &e);
    return e.abi == ELF_32_BIT &&
           snprintf(path, PATH_MAX, "%.*s/$LIB/libremap.so", (int)base, library) < PATH_MAX;
}

bool both_abis_installed(void)
{
    char library[PATH_MAX], path[PATH_MAX];

    message_hold();
    bool is_found = install_paths_library(library);
    (void)message_release();
    return is_found && both_abis_path(library, path);
}
