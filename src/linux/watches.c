#include "linux/watches.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "linux/procfs.h"
#include "linux/sys.h"

/* Reads the line "tfd: 5 events: 19 data: 7f00": the first number is decimal, the others are not. */
static bool read_line(struct span line, uint64_t *fd, uint64_t *events, uint64_t *data)
{
    return span_is(span_word(&line), "tfd:") && procfs_number(span_word(&line), 10, fd) &&
           span_is(span_word(&line), "events:") && procfs_number(span_word(&line), 16, events) &&
           span_is(span_word(&line), "data:") && procfs_number(span_word(&line), 16, data);
}

/* Adds what the epoll instance, a name in /proc/thread-self/fd, waits for at `fd`. */
static void add(struct watches *w, const char *name, int fd)
{
    char path[PROCFS_PATH_MAX];
    struct text text;
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line;
    uint64_t epoll, number, events, data;

    text_init(&text, path, sizeof(path));
    text_string(&text, "/proc/thread-self/fdinfo/");
    text_string(&text, name);
    if (!procfs_open_lines(&lines, path) ||
        !procfs_number((struct span){name, name + strlen(name)}, 10, &epoll))
        return;
    while (w->count < WATCHES_MAX && procfs_next_line(&lines, &line)) {
        if (!read_line(line, &number, &events, &data) || number != (uint64_t)fd)
            continue;
        w->each[w->count].epoll = (int)epoll;
        w->each[w->count].events = (uint32_t)events;
        w->each[w->count++].data = data;
    }
}

static bool is_epoll(const struct procfs_folder *fds, const char *name)
{
    static const char wanted[] = "anon_inode:[eventpoll]";
    char link[sizeof(wanted)];

    return sys_readlinkat(fds->fd, name, link, sizeof(link)) == sizeof(wanted) - 1 &&
           memcmp(link, wanted, sizeof(wanted) - 1) == 0;
}

void watches_read(struct watches *w, int fd)
{
    struct procfs_folder fds;
    const char *name;

    w->count = 0;
    if (!procfs_open_folder(&fds, "/proc/thread-self/fd"))
        return;
    while ((name = procfs_next_name(&fds)) != NULL) {
        if (is_epoll(&fds, name))
            add(w, name, fd);
    }
    procfs_close_folder(&fds);
}

void watches_set(const struct watches *w, int fd)
{
    int saved = errno;

    for (size_t i = 0; i < w->count; i++) {
        struct epoll_event event = {.events = w->each[i].events, .data.u64 = w->each[i].data};
        (void)sys_call6(SYS_epoll_ctl, w->each[i].epoll, EPOLL_CTL_ADD, fd, (long)&event, 0, 0);
    }
    errno = saved;
}
