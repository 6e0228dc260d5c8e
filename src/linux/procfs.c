#include "linux/procfs.h"

#include <errno.h>
#include <string.h>

#include "linux/sys.h"

/* ---- a file, line by line ---- */

bool procfs_open_lines(struct procfs_lines *l, const char *path)
{
    l->fd = sys_open(path, O_RDONLY);
    l->begin = l->end = 0;
    l->is_cut = false;
    return l->fd >= 0;
}

void procfs_close_lines(const struct procfs_lines *l)
{
    sys_cleanup_fd(&l->fd);
}

/* Reads more of the file. Returns false if the buffer is full, or the file has ended. */
static bool fill(struct procfs_lines *l)
{
    memmove(l->buf, l->buf + l->begin, l->end - l->begin);
    l->end -= l->begin;
    l->begin = 0;
    if (l->end == sizeof(l->buf))
        return false;
    ssize_t size = sys_read(l->fd, l->buf + l->end, sizeof(l->buf) - l->end);
    l->end += size > 0 ? (size_t)size : 0;
    return size > 0;
}

bool procfs_next_line(struct procfs_lines *l, struct span *line)
{
    bool is_rest, is_end;

    do {
        char *newline;
        do
            newline = memchr(l->buf + l->begin, '\n', l->end - l->begin);
        while (newline == NULL && fill(l));
        *line = (struct span){l->buf + l->begin, newline != NULL ? newline : l->buf + l->end};
        l->begin = (size_t)(line->end - l->buf) + (newline != NULL);
        is_end = newline == NULL && line->at == line->end;
        is_rest = l->is_cut;
        l->is_cut = newline == NULL;
    } while (is_rest && !is_end);
    return !is_end;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

bool procfs_number(struct span word, unsigned base, uint64_t *number)
{
    uint64_t value = 0;

    if (word.at == word.end)
        return false;
    for (; word.at < word.end; word.at++) {
        unsigned digit = digit_value(*word.at);
        if (digit >= base || value > (UINT64_MAX - digit) / base)
            return false;
        value = value * base + digit;
    }
    *number = value;
    return true;
}

/* ---- the names in a folder ---- */

/* struct linux_dirent64 of getdents(2) */
struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t size;
    uint8_t type;
    char name[];
};

bool procfs_open_folder(struct procfs_folder *f, const char *path)
{
    f->fd = sys_open(path, O_RDONLY | O_DIRECTORY);
    f->at = f->end = 0;
    return f->fd >= 0;
}

void procfs_close_folder(struct procfs_folder *f)
{
    sys_close(f->fd);
}

const char *procfs_next_name(struct procfs_folder *f)
{
    if (f->at >= f->end) {
        f->at = 0;
        f->end = sys_getdents(f->fd, f->buf, sizeof(f->buf));
        if (f->end <= 0)
            return NULL;
    }
    struct entry *e = (void *)(f->buf + f->at);
    f->at += e->size;
    return e->name;
}

pid_t procfs_next_process(struct procfs_folder *f)
{
    const char *name;
    uint64_t pid;

    while ((name = procfs_next_name(f)) != NULL) {
        if (procfs_number((struct span){name, name + strlen(name)}, 10, &pid))
            return (pid_t)pid;
    }
    return 0;
}

/* Returns N of a link "KIND:[N]", or 0. */
static uint64_t number_of_link(int folder, const char *name, const char *kind)
{
    char link[32];
    size_t begin = strlen(kind) + 2;
    ssize_t size = sys_readlinkat(folder, name, link, sizeof(link));
    uint64_t inode = 0;

    if (size <= (ssize_t)begin || memcmp(link, kind, begin - 2) != 0)
        return 0;
    procfs_number((struct span){link + begin, link + size - 1}, 10, &inode);
    return inode;
}

uint64_t procfs_socket(const struct procfs_folder *fds, const char *name)
{
    return number_of_link(fds->fd, name, "socket");
}

/* ---- settings ---- */

/* Reads the beginning of a file. It is empty if the file cannot be read. */
static struct span read_start(const char *path, char *buf, size_t size)
{
    SYS_CLEANUP_FD int fd = sys_open(path, O_RDONLY);
    ssize_t got = fd >= 0 ? sys_read(fd, buf, size) : -1;

    return (struct span){buf, buf + (got > 0 ? got : 0)};
}

size_t procfs_numbers(const char *path, uint64_t *numbers, size_t max)
{
    char buf[128];
    struct span start = read_start(path, buf, sizeof(buf));
    size_t count = 0;

    const char *newline = span_find(start, '\n');
    if (newline != NULL)
        start.end = newline;
    while (count < max && procfs_number(span_word(&start), 10, &numbers[count]))
        count++;
    return count;
}

uint64_t procfs_setting(const char *path, uint64_t otherwise)
{
    uint64_t number;
    return procfs_numbers(path, &number, 1) == 1 ? number : otherwise;
}

/* ---- processes ---- */

void procfs_path(char path[PROCFS_PATH_MAX], pid_t pid, const char *file)
{
    struct text text;

    text_init(&text, path, PROCFS_PATH_MAX);
    text_string(&text, "/proc/");
    if (pid == 0)
        text_string(&text, "thread-self");
    else
        text_number(&text, (unsigned long)pid);
    text_char(&text, '/');
    text_string(&text, file);
}

void procfs_name(pid_t pid, char name[PROCFS_NAME_MAX])
{
    char path[PROCFS_PATH_MAX];

    procfs_path(path, pid, "comm");
    struct span start = read_start(path, name, PROCFS_NAME_MAX);
    size_t size = span_size(start);
    name[size > 0 ? size - 1 : 0] = '\0'; /* in the place of the newline */
}

bool procfs_status(pid_t pid, const char *field, unsigned base, uint64_t *number)
{
    char path[PROCFS_PATH_MAX];
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line;

    procfs_path(path, pid, "status");
    bool is_open = procfs_open_lines(&lines, path);
    while (is_open && procfs_next_line(&lines, &line)) {
        if (span_is(span_word(&line), field) && procfs_number(span_word(&line), base, number))
            return true;
    }
    if (is_open || (errno != EMFILE && errno != ENFILE))
        errno = ESRCH;
    return false;
}

bool procfs_has_signal(pid_t tid)
{
    char path[PROCFS_PATH_MAX];
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line;
    uint64_t set, pending = 0;

    procfs_path(path, tid, "status");
    bool is_open = procfs_open_lines(&lines, path);
    while (is_open && procfs_next_line(&lines, &line)) {
        struct span field = span_word(&line);
        bool is_pending = span_is(field, "SigPnd:") || span_is(field, "ShdPnd:");
        bool is_blocked = span_is(field, "SigBlk:");
        if ((is_pending || is_blocked) && procfs_number(span_word(&line), 16, &set))
            pending = is_blocked ? pending & ~set : pending | set;
        if (is_blocked)
            break;
    }
    return pending != 0;
}

bool procfs_started(pid_t pid, uint64_t *ticks)
{
    enum { STATE = 3, STARTED = 22 }; /* fields, from 1 on */
    char path[PROCFS_PATH_MAX], buf[512];

    procfs_path(path, pid, "stat");
    struct span rest = read_start(path, buf, sizeof(buf) - 1);
    buf[span_size(rest)] = '\0';
    const char *name_end = strrchr(buf, ')'); /* a name may contain anything */
    if (name_end == NULL)
        return false;
    rest.at = name_end + 1;
    for (int field = STATE; field < STARTED; field++)
        span_word(&rest);
    return procfs_number(span_word(&rest), 10, ticks);
}

ssize_t procfs_link(pid_t pid, const char *file, char *target, size_t size)
{
    char path[PROCFS_PATH_MAX];

    procfs_path(path, pid, file);
    ssize_t length = sys_readlinkat(AT_FDCWD, path, target, size);
    if (length < 0 || (size_t)length == size)
        return -1;
    target[length] = '\0';
    return length;
}

uint64_t procfs_inode(pid_t pid, const char *file)
{
    char path[PROCFS_PATH_MAX];
    struct statx st;

    procfs_path(path, pid, file);
    return sys_statx(path, STATX_INO, &st) == 0 ? st.stx_ino : 0;
}

/*
 * All threads have the same one, and /proc/self is a shorter way to it than thread-self. To read the link
 * is quicker than to follow it.
 */
uint64_t procfs_pid_namespace(void)
{
    return number_of_link(AT_FDCWD, "/proc/self/ns/pid", "pid");
}

bool procfs_maps_id(const char *map, uint64_t id)
{
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct span line;
    uint64_t first, count;

    if (!procfs_open_lines(&lines, map))
        return true;
    while (procfs_next_line(&lines, &line)) {
        bool is_read = procfs_number(span_word(&line), 10, &first);
        span_word(&line); /* the same id in the namespace above */
        if (is_read && procfs_number(span_word(&line), 10, &count) && id >= first &&
            id - first < count)
            return true;
    }
    return false;
}
