/* Each name of a path is opened in turn, with O_PATH: what is judged is what is walked through. */
#include "linux/trust.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "linux/sys.h"

enum { DEPTH_MAX = PATH_MAX / 2, LINKS_MAX = 40, FOLLOWED_MAX = 1024 };

struct walk {
    int fd;          /* what was reached */
    struct statx st; /* of it */
    uint32_t root;   /* the owner of /: in a user namespace, a user that may have no number there */
    bool exists;     /* the whole path does */
    bool is_own;     /* only root can change what was passed, and put something in its place */
    bool is_public;  /* everyone can search the folders that were passed, and read the file */
    unsigned links;
    char path[FOLLOWED_MAX]; /* a longer path, with what links add to it, is not trusted */
    char *rest;              /* in it: what is left to follow */
};

static bool is_of_root(const struct walk *w, const struct statx *st)
{
    return st->stx_uid == 0 || st->stx_uid == w->root;
}

static bool is_writable_by_others(const struct statx *st)
{
    return (st->stx_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* In a sticky folder, others can make new names, but not replace those of root. */
static bool is_sticky_folder(const struct statx *st)
{
    return S_ISDIR(st->stx_mode) && is_writable_by_others(st) && (st->stx_mode & S_ISVTX) != 0;
}

static void judge(struct walk *w)
{
    bool is_folder = S_ISDIR(w->st.stx_mode), is_file = S_ISREG(w->st.stx_mode);
    bool is_open =
        (is_folder || is_file) && is_writable_by_others(&w->st) && !is_sticky_folder(&w->st);

    w->is_own = w->is_own && is_of_root(w, &w->st) && !is_open;
    w->is_public = w->is_public && ((is_folder && (w->st.stx_mode & S_IXOTH) != 0) ||
                                    (is_file && (w->st.stx_mode & S_IROTH) != 0));
}

/* Goes on to what was opened as `fd`. Returns false if it was not. */
static bool enter(struct walk *w, int fd)
{
    if (fd < 0)
        return false;
    if (w->fd >= 0)
        sys_close(w->fd);
    w->fd = fd;
    return sys_statx_fd(fd, STATX_BASIC_STATS, &w->st) == 0;
}

/* Judges the current folder, and those above it. Returns false if it cannot reach them. */
static bool enter_current(struct walk *w)
{
    struct statx below;

    if (!enter(w, sys_open(".", O_PATH)))
        return false;
    for (int i = 0; i < DEPTH_MAX; i++) {
        judge(w);
        below = w->st;
        if (!enter(w, sys_openat(w->fd, "..", O_PATH)))
            return false;
        if (w->st.stx_ino == below.stx_ino && w->st.stx_dev_major == below.stx_dev_major &&
            w->st.stx_dev_minor == below.stx_dev_minor)
            return enter(w, sys_open(".", O_PATH));
    }
    return false;
}

/* Goes to where the path begins. */
static bool enter_first(struct walk *w)
{
    bool is_relative = w->rest[0] != '/';

    if (!enter(w, sys_open("/", O_PATH)))
        return false;
    w->root = w->st.stx_uid;
    judge(w);
    return !is_relative || enter_current(w);
}

/* Puts what the link at `name` names in front of the rest of the path. */
static bool expand(struct walk *w, const char *name)
{
    size_t room = (size_t)(w->rest - w->path);
    ssize_t size = sys_readlinkat(w->fd, name, w->path, room);

    if (size <= 0 || (size_t)size == room || ++w->links > LINKS_MAX) {
        errno = ELOOP;
        return false;
    }
    w->rest -= size;
    memmove(w->rest, w->path, (size_t)size);
    return w->rest[0] != '/' || enter(w, sys_open("/", O_PATH));
}

/* Takes the next name off the path. Returns false at the end, or, with an error, if it is too long. */
static bool take_name(struct walk *w, char name[NAME_MAX + 1])
{
    while (*w->rest == '/')
        w->rest++;
    size_t size = strcspn(w->rest, "/");
    errno = size > NAME_MAX ? ENAMETOOLONG : 0;
    if (size == 0 || size > NAME_MAX)
        return false;
    memcpy(name, w->rest, size);
    name[size] = '\0';
    w->rest += size;
    return true;
}

/* Goes to a name in the folder. What a link names is left for the next steps. */
static bool step(struct walk *w, const char *name)
{
    int fd = sys_openat(w->fd, name, O_PATH | O_NOFOLLOW);
    struct statx st;

    if (fd >= 0 && sys_statx_fd(fd, STATX_BASIC_STATS, &st) == 0 && S_ISLNK(st.stx_mode)) {
        sys_close(fd);
        w->is_own = w->is_own && is_of_root(w, &st);
        return expand(w, name);
    }
    if (!enter(w, fd))
        return false;
    judge(w);
    return true;
}

/* Follows the path to its end, or to the first name that does not exist. */
static void follow(struct walk *w, const char *path)
{
    size_t size = strlen(path) + 1;
    char name[NAME_MAX + 1];
    bool is_there = false;

    w->fd = -1;
    w->st.stx_mode = 0;
    w->links = 0;
    w->is_own = w->is_public = true;
    errno = ENAMETOOLONG;
    if (size <= sizeof(w->path)) {
        w->rest = w->path + sizeof(w->path) - size;
        memcpy(w->rest, path, size);
        is_there = enter_first(w);
    }
    while (is_there && take_name(w, name))
        is_there = step(w, name);
    is_there = is_there && errno == 0;
    w->exists = is_there || (errno != ENOENT && errno != ENOTDIR);
    if (is_there)
        return;
    w->is_public = false;
    /* What cannot be followed is not trusted. Others can make a folder that lacks in a sticky one. */
    if (w->exists || (is_sticky_folder(&w->st) && *w->rest != '\0'))
        w->is_own = false;
}

enum config_trust trust_of(const char *path)
{
    int saved = errno;
    struct walk w;

    follow(&w, path);
    if (w.fd >= 0)
        sys_close(w.fd);
    errno = saved;
    if (!w.is_own)
        return w.exists ? CONFIG_UNTRUSTED : CONFIG_UNTRUSTED_ABSENT;
    return !w.exists && is_sticky_folder(&w.st) ? CONFIG_TRUSTED_IF_MADE : CONFIG_TRUSTED;
}

bool trust_is_public(const char *path, int fd)
{
    int saved = errno;
    struct statx st;
    struct walk w;

    follow(&w, path);
    if (w.fd >= 0)
        sys_close(w.fd);
    bool is_same = w.exists && sys_statx_fd(fd, STATX_INO, &st) == 0 &&
                   st.stx_ino == w.st.stx_ino && st.stx_dev_major == w.st.stx_dev_major &&
                   st.stx_dev_minor == w.st.stx_dev_minor;
    errno = saved;
    return is_same && w.is_public;
}
