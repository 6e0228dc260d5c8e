/*
 * The processes of a run are those with its folder in REMAP_STATE, as `remap run` sets it, and
 * those that have its registry mapped, since a process may change its environment. A process of
 * this user that cannot be examined, such as an ssh-agent, counts as one if it started after the
 * run.
 *
 * All processes are examined twice: a process may start another with a lower number, and end before
 * it is reached.
 */
#include "cli/in_use.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"
#include "core/config.h"
#include "linux/procfs.h"

struct search {
    struct in_use *runs;
    size_t count;
    size_t unused;
};

static void set_used(struct search *s, struct in_use *run)
{
    s->unused -= !run->is_used;
    run->is_used = true;
}

static void set_all_used(struct search *s)
{
    for (size_t i = 0; i < s->count; i++)
        set_used(s, &s->runs[i]);
}

/* ---- processes that cannot be examined ---- */

/*
 * Returns whether a process may belong to this user. To root, all may: a process of its run may
 * have changed its user.
 */
static bool is_own(pid_t pid)
{
    char path[PROCFS_PATH_MAX];
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line;
    uint64_t uid;

    procfs_path(path, pid, "status");
    bool is_open = procfs_open_lines(&lines, path), is_found = geteuid() == 0;
    while (is_open && procfs_next_line(&lines, &line)) {
        bool is_wanted = span_is(span_word(&line), "Uid:");
        while (is_wanted && procfs_number(span_word(&line), 10, &uid))
            is_found = is_found || uid == geteuid();
    }
    return is_found;
}

/* Handles `error`, the errno of opening or reading a file of a process. */
static void note_closed(struct search *s, pid_t pid, int error)
{
    uint64_t started;

    if (error == ENOENT || error == ESRCH) /* it has ended */
        return;
    if (error != EACCES && error != EPERM) {
        set_all_used(s);
        return;
    }
    if (!is_own(pid))
        return;
    bool is_known = procfs_started(pid, &started);
    for (size_t i = 0; i < s->count; i++) {
        if (!is_known || started >= s->runs[i].since)
            set_used(s, &s->runs[i]);
    }
}

/* ---- others ---- */

/* Handles a folder in the environment of a process: a path in its root and working folder. */
static void note_folder(struct search *s, pid_t pid, const char *folder)
{
    CLEANUP_FREE char *path =
        memory_format("/proc/%d/%s%s", (int)pid, folder[0] == '/' ? "root" : "cwd/", folder);
    struct stat st;
    bool exists = stat(path, &st) == 0;

    for (size_t i = 0; i < s->count; i++) {
        struct in_use *run = &s->runs[i];
        if (strcmp(folder, run->path) == 0 ||
            (exists && st.st_ino == run->inode && st.st_dev == run->dev))
            set_used(s, run);
    }
}

static bool is_file_of(const struct in_use *run, ino_t inode, const char *path)
{
    CLEANUP_FREE char *name = memory_format("/%s/registry.", run->name);

    for (int i = 0; i < IN_USE_FILES && run->file[i] != 0; i++) {
        if (run->file[i] == inode)
            return true;
    }
    return strstr(path, name) != NULL; /* some file systems show another inode there */
}

/* Handles a line of /proc/PID/maps. Its device number may differ from that of stat(2). */
static void note_mapping(struct search *s, const char *line)
{
    const char *path = strchr(line, '/');
    uint64_t inode;

    if (path == NULL || strstr(path, "/registry.") == NULL ||
        sscanf(line, "%*s %*s %*s %*s %" SCNu64, &inode) != 1)
        return;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->runs[i].is_used && is_file_of(&s->runs[i], (ino_t)inode, path))
            set_used(s, &s->runs[i]);
    }
}

static void look_into(struct search *s, pid_t pid, const char *file, int delimiter)
{
    char path[PROCFS_PATH_MAX];
    CLEANUP_FREE char *item = NULL;
    const char *variable = config_variable[CONFIG_STATE];
    size_t size = 0, length = strlen(variable);

    procfs_path(path, pid, file);
    CLEANUP_FILE FILE *stream = fopen(path, "re");
    while (stream != NULL && getdelim(&item, &size, delimiter, stream) > 0) {
        if (delimiter == '\n')
            note_mapping(s, item);
        else if (strncmp(item, variable, length) == 0 && item[length] == '=')
            note_folder(s, pid, item + length + 1);
    }
    if (stream == NULL || !feof(stream))
        note_closed(s, pid, errno);
}

static void look_at_all(struct search *s, bool with_maps)
{
    struct procfs_folder processes;
    pid_t pid;

    if (!procfs_open_folder(&processes, "/proc")) {
        set_all_used(s);
        return;
    }
    while (s->unused > 0 && (pid = procfs_next_process(&processes)) != 0) {
        look_into(s, pid, "environ", '\0');
        if (with_maps && s->unused > 0)
            look_into(s, pid, "maps", '\n');
    }
    procfs_close_folder(&processes);
}

void in_use_find(struct in_use *runs, size_t count)
{
    struct search s = {runs, count, count};

    if (access("/proc/self/environ", R_OK) != 0) /* it is another namespace's, or not there */
        set_all_used(&s);
    look_at_all(&s, false);
    look_at_all(&s, true);
}
