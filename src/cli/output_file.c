/*
 * A file is replaced by a whole one, which a child writes: what it prints may need another user
 * (see servers.c). The path is walked by descriptors, a name at a time: root may write where others
 * can put links in the way at any moment.
 */
#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/rules.h"

enum { FILES_MAX = 2, LINKS_MAX = 40 /* as path_resolution(7) */, SCRATCH_MAX = 100 };

struct target {
    const char *path;        /* for messages */
    int folder;              /* a descriptor of the last folder */
    char name[NAME_MAX + 1]; /* in it; "" for the folder itself */
    bool is_magic;           /* a link of procfs to an open file, as /dev/stdout leads to */
    unsigned links;          /* followed so far */
    char scratch[64];        /* beside the name; "" for none */
    int fd;                  /* what the child writes to */
};

static struct target targets[FILES_MAX];
static size_t count;
static volatile pid_t child;

static void remove_scratches(void)
{
    for (size_t i = 0; i < count; i++) {
        if (targets[i].scratch[0] != '\0')
            unlinkat(targets[i].folder, targets[i].scratch, 0);
        targets[i].scratch[0] = '\0';
    }
}

_Noreturn static void fail(const struct target *t, int error)
{
    remove_scratches();
    message_die(STATUS_UNAVAILABLE, "cannot write '%s': %s", t->path, strerror(error));
}

/* ---- the path ---- */

static void enter(struct target *t, const char *folder)
{
    int fd = openat(t->folder, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        fail(t, errno);
    close(t->folder);
    t->folder = fd;
    t->name[0] = '\0';
}

/* Goes into the folder of that name, if there is a name. */
static void descend(struct target *t)
{
    if (t->name[0] != '\0')
        enter(t, t->name);
}

/*
 * Reads the link of the name, and forgets the name. Returns false if it is none, or if it is a link
 * of procfs at the end of the path, whose text is not always a path.
 */
static bool take_link(struct target *t, bool is_last, char text[PATH_MAX])
{
    int fd = openat(t->folder, t->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    struct statfs fs;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) != 0 || !S_ISLNK(st.st_mode)) {
        close(fd);
        return false;
    }
    if (!rules_trusts_user(st.st_uid)) {
        remove_scratches();
        message_die(STATUS_UNAVAILABLE,
                    "cannot write '%s': '%s' is a symbolic link of another user: use the path of "
                    "the file itself",
                    t->path, t->name);
    }
    t->is_magic = is_last && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
    ssize_t size = readlinkat(fd, "", text, PATH_MAX - 1);
    if (size < 0 || ++t->links > LINKS_MAX)
        fail(t, size < 0 ? errno : ELOOP);
    close(fd);
    if (t->is_magic)
        return false;
    text[size] = '\0';
    t->name[0] = '\0';
    return true;
}

/* Walks `path` from where the target is. Its last name need not exist. */
static void walk(struct target *t, const char *path)
{
    char text[PATH_MAX];

    if (path[0] == '\0')
        fail(t, ENOENT);
    if (path[0] == '/')
        enter(t, "/");
    for (path += strspn(path, "/"); path[0] != '\0'; path += strspn(path, "/")) {
        size_t size = strcspn(path, "/");
        descend(t);
        if (size > NAME_MAX)
            fail(t, ENAMETOOLONG);
        memcpy(t->name, path, size);
        t->name[size] = '\0';
        path += size;
        if (take_link(t, path[0] == '\0', text))
            walk(t, text);
        if (path[0] == '/')
            descend(t);
    }
}

/* ---- the file ---- */

/* Whether the name is not that of a file that can be replaced, or made. Sets the mode and owner. */
static bool is_special(const struct target *t, struct stat *st)
{
    mode_t mask = umask(0);

    umask(mask);
    if (t->is_magic || t->name[0] == '\0')
        return true;
    *st = (struct stat){
        .st_mode = S_IFREG | (0666 & ~mask), .st_uid = geteuid(), .st_gid = getegid()};
    return fstatat(t->folder, t->name, st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st->st_mode);
}

static void make_scratch(struct target *t, const struct stat *st)
{
    for (int i = 0; t->fd < 0 && i < SCRATCH_MAX; i++) {
        char scratch[sizeof(t->scratch)];
        snprintf(scratch, sizeof(scratch), ".remap-%d-%d", getpid(), i);
        t->fd =
            openat(t->folder, scratch, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (t->fd < 0 && errno != EEXIST)
            fail(t, errno);
        if (t->fd >= 0)
            memcpy(t->scratch, scratch, sizeof(scratch));
    }
    if (t->fd < 0)
        fail(t, EEXIST);
    /* Only root can keep the owner, and not one without a number in its user namespace. */
    (void)!fchown(t->fd, st->st_uid, st->st_gid);
    (void)!fchmod(t->fd, st->st_mode & 0777);
}

static void open_target(const char *path)
{
    struct target *t = &targets[count++];
    struct stat st;

    *t = (struct target){.path = path, .fd = -1};
    t->folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (t->folder < 0)
        fail(t, errno);
    walk(t, path);
    if (!is_special(t, &st)) {
        make_scratch(t, &st);
        return;
    }
    t->fd = openat(t->folder, t->name[0] != '\0' ? t->name : ".",
                   O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC | (t->is_magic ? 0 : O_NOFOLLOW));
    if (t->fd < 0)
        fail(t, errno);
}

/* Puts the files in their places. */
static void replace(void)
{
    for (size_t i = 0; i < count; i++) {
        struct target *t = &targets[i];
        if (t->scratch[0] == '\0')
            continue;
        if (fsync(t->fd) != 0 || renameat(t->folder, t->scratch, t->folder, t->name) != 0)
            fail(t, errno);
        t->scratch[0] = '\0';
    }
}

/* ---- signals ---- */

static const int ENDS[] = {SIGINT, SIGTERM, SIGHUP};
enum { END_COUNT = sizeof(ENDS) / sizeof(ENDS[0]) };

/* Ends as by the signal, and leaves nothing behind. */
static void end(int signal_number)
{
    remove_scratches();
    kill(child, signal_number);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* ---- the two processes ---- */

static void print_to(const struct target *t)
{
    if (dup2(t->fd, STDOUT_FILENO) < 0)
        message_die(STATUS_UNAVAILABLE, "cannot write '%s': %s", t->path, strerror(errno));
}

/* Returns the exit status of the child. A signal may end this process meanwhile. */
static int wait_for_child(void)
{
    int status = 0;

    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        return STATUS_UNAVAILABLE;
    return WEXITSTATUS(status);
}

void output_file_begin(const char *path, const char *second)
{
    sigset_t ends, before;

    sigemptyset(&ends);
    for (size_t i = 0; i < END_COUNT; i++)
        sigaddset(&ends, ENDS[i]);
    sigprocmask(SIG_BLOCK, &ends, &before);
    signal(SIGCHLD, SIG_DFL); /* a caller that ignores it would take the status */
    open_target(path);
    if (second != NULL)
        open_target(second);
    child = fork();
    if (child < 0)
        fail(&targets[0], errno);
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        print_to(&targets[0]);
        return;
    }
    for (size_t i = 0; i < END_COUNT; i++) {
        if (signal(ENDS[i], end) == SIG_IGN)
            signal(ENDS[i], SIG_IGN);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    int status = wait_for_child();
    sigprocmask(SIG_BLOCK, &ends, NULL);
    if (status == STATUS_OK)
        replace();
    remove_scratches();
    exit(status);
}

void output_file_next(void)
{
    fflush(stdout);
    print_to(&targets[1]);
}
