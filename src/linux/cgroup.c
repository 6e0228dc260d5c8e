#include "linux/cgroup.h"

#include <poll.h>
#include <string.h>

#include "linux/procfs.h"
#include "linux/sys.h"

/* Copies a path. Returns false if it does not fit. */
static bool copy(char path[PATH_MAX], struct span from)
{
    struct text out;

    text_init(&out, path, PATH_MAX);
    text_bytes(&out, from.at, span_size(from));
    return !out.cut;
}

/* Reads "ID PARENT DEVICE ROOT POINT OPTIONS... - TYPE ...". */
static bool is_mount(struct span line, struct span *point)
{
    struct span word;

    for (int i = 0; i < 3; i++)
        span_word(&line);
    bool is_whole = span_is(span_word(&line), "/");
    *point = span_word(&line);
    do
        word = span_word(&line);
    while (span_size(word) > 0 && !span_is(word, "-"));
    return is_whole && span_is(span_word(&line), "cgroup2");
}

bool cgroup_find_mount(char path[PATH_MAX])
{
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line, point;
    bool is_open = procfs_open_lines(&lines, "/proc/self/mountinfo");

    while (is_open && procfs_next_line(&lines, &line)) {
        if (is_mount(line, &point))
            return copy(path, point);
    }
    return false;
}

bool cgroup_find_own(char path[PATH_MAX])
{
    static const char V2[] = "0::", OUTSIDE[] = "/..";
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line;
    bool is_open = procfs_open_lines(&lines, "/proc/self/cgroup");

    while (is_open && procfs_next_line(&lines, &line)) {
        if (span_size(line) < sizeof(V2) || memcmp(line.at, V2, sizeof(V2) - 1) != 0)
            continue;
        line.at += sizeof(V2) - 1;
        return copy(path, line) && !text_has_prefix(path, OUTSIDE);
    }
    return false;
}

bool cgroup_enter(int cgroup)
{
    SYS_CLEANUP_FD int processes = sys_openat(cgroup, "cgroup.procs", O_WRONLY);

    return processes >= 0 && sys_write(processes, "0", 1) == 1;
}

/* ---- whether it is empty ---- */

/* Reads cgroup.events, which stays open for *lines. */
static bool read_populated(struct procfs_lines *lines, const char *path)
{
    char file[PATH_MAX];
    struct text text;
    struct span line;
    bool is_populated = false;

    text_init(&text, file, sizeof(file));
    text_string(&text, path);
    text_string(&text, "/cgroup.events");
    bool is_open = procfs_open_lines(lines, file);
    while (is_open && procfs_next_line(lines, &line))
        is_populated = is_populated || span_is(line, "populated 1");
    return is_populated;
}

bool cgroup_is_populated(const char *path)
{
    PROCFS_CLEANUP_LINES struct procfs_lines lines;

    return read_populated(&lines, path);
}

/*
 * Returns false if it is empty; else waits for what may have changed that, and ten seconds at most: a
 * cgroup that is removed at once takes its event with it.
 */
static bool wait_for_change(const char *path)
{
    static const struct timespec LIMIT = {10, 0};
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    bool is_populated = read_populated(&lines, path);
    struct pollfd events = {.fd = lines.fd, .events = POLLPRI};

    if (is_populated)
        (void)sys_call6(SYS_ppoll, (long)&events, 1, (long)&LIMIT, 0, _NSIG / 8, 0);
    return is_populated;
}

void cgroup_wait_until_empty(const char *path)
{
    while (wait_for_change(path))
        ;
}
