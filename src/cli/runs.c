#include "cli/runs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/in_use.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/preload_path.h"
#include "cli/rules.h"
#include "linux/procfs.h"
#include "registry/store.h"

bool runs_is_name(const char *text)
{
    if (!isalnum((unsigned char)text[0]) || strlen(text) > RUNS_NAME_MAX)
        return false;
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("._-", *text) == NULL)
            return false;
    }
    return true;
}

const char *const *runs_folders(void)
{
    static const struct rules settings = {.given = true}; /* no source of rules */
    static struct config config;
    static char last[STORE_DEFAULT_MAX];
    static const char *folders[RUNS_FOLDERS + 1];
    int count = 0;

    if (folders[0] != NULL)
        return folders;
    if (!rules_load(&settings, &config))
        exit(STATUS_UNAVAILABLE);
    if (!config.state_off && config.state[0] != '\0')
        folders[count++] = config.state;
    if (!config.state_given || config.state_off)
        folders[count++] = store_default_folder(last);
    return folders;
}

char *runs_path(const char *folder, const char *run)
{
    return memory_format("%s%s%s", folder, run[0] != '\0' ? "/" : "", run);
}

/* ---- the folder of a run ---- */

/*
 * Beside its registry, the folder of a run has marks: empty files, whose names say in which pid
 * namespace the run was started, and when its first process started. A process of the run is in
 * that namespace or below, and, but for that process, younger. A folder without a mark is not
 * removed: the user may have made it.
 */
#define MARK "run.%" PRIu64 ".%" PRIu64

/* The pid namespace in which all processes can be seen (PROC_PID_INIT_INO, linux/nsfs.h). */
enum { FIRST_PID_NAMESPACE = 0xeffffffcu };

static DIR *open_names(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = fd >= 0 ? fdopendir(fd) : NULL;

    if (fd >= 0 && names == NULL)
        close(fd);
    return names;
}

/* Returns the next name of a folder but "." and "..", or NULL. */
static const char *next_name(DIR *names)
{
    struct dirent *entry;

    do
        entry = readdir(names);
    while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry != NULL ? entry->d_name : NULL;
}

/* What the names in a folder say. */
struct contents {
    ino_t file[IN_USE_FILES];
    int files;
    uint64_t since;    /* UINT64_MAX without a mark */
    bool is_foreign;   /* it has other files, too */
    bool is_elsewhere; /* its processes may be in a pid namespace that cannot be seen */
};

static void read_name(int folder, const char *name, struct contents *c)
{
    uint64_t namespace, since, version;
    struct stat st;
    int end = 0;

    bool is_own = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == geteuid();
    bool is_own_file = is_own && S_ISREG(st.st_mode);
    if (is_own && S_ISLNK(st.st_mode) && preload_path_is_library(name))
        return; /* of a run that was started in this one */
    if (is_own_file &&
        sscanf(name, "run.%" SCNu64 ".%" SCNu64 "%n", &namespace, &since, &end) == 2 &&
        name[end] == '\0') {
        c->since = since < c->since ? since : c->since;
        c->is_elsewhere = c->is_elsewhere || namespace != procfs_pid_namespace();
    } else if (is_own_file && sscanf(name, "registry.%" SCNu64 "%n", &version, &end) == 1 &&
               name[end] == '\0' && c->files < IN_USE_FILES) {
        c->file[c->files++] = st.st_ino;
    } else {
        c->is_foreign = true;
    }
}

static struct contents read_contents(int folder)
{
    struct contents c = {.since = UINT64_MAX};
    DIR *names = open_names(folder);
    const char *name;

    if (names == NULL)
        return (struct contents){.is_foreign = true};
    while ((name = next_name(names)) != NULL)
        read_name(folder, name, &c);
    closedir(names);
    c.is_elsewhere = c.is_elsewhere && procfs_pid_namespace() != FIRST_PID_NAMESPACE;
    return c;
}

bool runs_is_run(const char *path)
{
    const char *problem;
    int fd = store_open_folder(path, false, &problem);

    if (fd < 0)
        return false;
    struct contents c = read_contents(fd);
    close(fd);
    return c.files > 0 || c.since != UINT64_MAX;
}

/* ---- the beginning ---- */

/* Opens and locks the folder. The environment of this process shows the run only after an exec. */
static int open_locked(const char *path)
{
    struct stat opened, now;
    const char *problem;

    for (;;) {
        int fd = store_open_folder(path, true, &problem);
        if (fd < 0)
            message_die(STATUS_UNAVAILABLE, "%s %s", path, problem);
        bool is_locked = flock(fd, LOCK_SH) == 0;
        if (!is_locked || fstat(fd, &opened) != 0 ||
            (stat(path, &now) == 0 && now.st_ino == opened.st_ino && now.st_dev == opened.st_dev))
            return fd;
        close(fd); /* it was removed meanwhile */
    }
}

/* Without a mark, the run is not removed when it has ended. */
static void mark(int folder)
{
    struct contents c = read_contents(folder);
    uint64_t started;

    if (!procfs_started(0, &started) || (c.since <= started && !c.is_elsewhere))
        return;
    CLEANUP_FREE char *name = memory_format(MARK, procfs_pid_namespace(), started);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

/* Returns the first folder that can be used, and makes it if `makes`. */
static const char *find_folder(bool makes)
{
    for (const char *const *folder = runs_folders();; folder++) {
        const char *problem;
        int fd = store_open_folder(*folder, makes, &problem);
        bool is_usable = fd >= 0 || (!makes && problem == NULL);
        if (fd >= 0)
            close(fd);
        if (is_usable)
            return *folder;
        if (folder[1] == NULL)
            message_die(STATUS_UNAVAILABLE, "%s %s", *folder, problem);
    }
}

char *runs_begin(const char *run)
{
    const char *folder = find_folder(true);
    char *path = runs_path(folder, run);

    mark(open_locked(path)); /* it stays open until the exec */
    runs_remove_past(folder);
    return path;
}

char *runs_locate(const char *run)
{
    char *path = runs_path(find_folder(false), run);
    const char *problem;
    int fd = store_open_folder(path, false, &problem);

    if (fd < 0 && problem != NULL)
        message_die(STATUS_UNAVAILABLE, "%s %s", path, problem);
    if (fd >= 0)
        close(fd);
    return path;
}

char *runs_above(const char *path)
{
    const char *problem, *slash = strrchr(path, '/');
    bool is_path = slash != NULL && slash > path && runs_is_name(slash + 1);
    int fd = is_path ? store_open_folder(path, false, &problem) : -1;

    if (fd < 0)
        return NULL;
    bool is_run = read_contents(fd).since != UINT64_MAX;
    close(fd);
    return is_run ? memory_check(strndup(path, (size_t)(slash - path))) : NULL;
}

/* ---- the end ---- */

/* Opens the folder of a run and locks it, so that no process begins there. */
static bool examine(struct in_use *run)
{
    const char *problem;
    struct stat st;

    run->fd = store_open_folder(run->path, false, &problem);
    if (run->fd < 0)
        return false;
    if (flock(run->fd, LOCK_EX | LOCK_NB) == 0 && fstat(run->fd, &st) == 0) {
        struct contents c = read_contents(run->fd);
        memcpy(run->file, c.file, sizeof(run->file));
        run->since = c.since;
        run->dev = st.st_dev;
        run->inode = st.st_ino;
        if (c.since != UINT64_MAX && !c.is_foreign && !c.is_elsewhere)
            return true;
    }
    close(run->fd);
    return false;
}

static void remove_run(const struct in_use *run)
{
    DIR *names = open_names(run->fd);
    const char *name;

    while (names != NULL && (name = next_name(names)) != NULL)
        unlinkat(run->fd, name, 0);
    if (names != NULL)
        closedir(names);
    rmdir(run->path);
}

enum { BATCH = 256 }; /* runs whose folders are open at the same time */

/* Removes some of the runs that have ended. Returns whether there may be more. */
static bool remove_some(const char *folder, DIR *names)
{
    struct in_use *runs = memory_check(calloc(BATCH, sizeof(*runs)));
    size_t count = 0, removed = 0;
    const char *name;

    while (count < BATCH && (name = next_name(names)) != NULL) {
        struct in_use *run = &runs[count];
        if (!runs_is_name(name))
            continue;
        run->path = runs_path(folder, name);
        run->name = run->path + strlen(folder) + 1;
        if (examine(run))
            count++;
        else
            free(run->path);
    }
    if (count > 0)
        in_use_find(runs, count);
    for (size_t i = 0; i < count; i++) {
        if (!runs[i].is_used) {
            remove_run(&runs[i]);
            removed++;
        }
        close(runs[i].fd);
        free(runs[i].path);
    }
    free(runs);
    return count == BATCH && removed > 0;
}

void runs_remove_past(const char *folder)
{
    const char *problem;
    int fd = store_open_folder(folder, false, &problem);

    if (fd < 0)
        return;
    DIR *names = open_names(fd);
    close(fd);
    while (names != NULL && remove_some(folder, names))
        rewinddir(names);
    if (names != NULL)
        closedir(names);
}

void runs_remove_all_past(void)
{
    for (const char *const *folder = runs_folders(); *folder != NULL; folder++)
        runs_remove_past(*folder);
}
