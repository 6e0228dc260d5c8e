/*
 * The file is replaced by a whole one, which a child writes: what it prints may need another user
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

enum { LINKS_MAX = 40 /* as path_resolution(7) */, SCRATCH_MAX = 100 };

static struct {
    const char *path;        /* for messages */
    int folder;              /* a descriptor of the last folder */
    char name[NAME_MAX + 1]; /* in it; "" for the folder itself */
    bool is_magic;           /* a link of procfs to an open file, as /dev/stdout leads to */
    unsigned links;          /* followed so far */
    char scratch[64];        /* beside the name; "" for none */
    int fd;                  /* what the child writes to */
    volatile pid_t child;
} target = {.folder = -1, .fd = -1};

_Noreturn static void fail(int error)
{
    message_die(STATUS_UNAVAILABLE, "cannot write '%s': %s", target.path, strerror(error));
}

/* ---- the path ---- */

static void enter(const char *folder)
{
    int fd = openat(target.folder, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        fail(errno);
    close(target.folder);
    target.folder = fd;
    target.name[0] = '\0';
}

/* Goes into the folder of that name, if there is a name. */
static void descend(void)
{
    if (target.name[0] != '\0')
        enter(target.name);
}

/*
 * Reads the link of the name, and forgets the name. Returns false if it is none, or if it is a link
 * of procfs at the end of the path, whose text is not always a path.
 */
static bool take_link(bool is_last, char text[PATH_MAX])
{
    int fd = openat(target.folder, target.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    struct statfs fs;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISLNK(st.st_mode)) {
        close(fd);
        return false;
    }
    if (!rules_trusts_user(st.st_uid))
        message_die(STATUS_UNAVAILABLE,
                    "cannot write '%s': '%s' is a symbolic link of another user: use the path of "
                    "the file itself",
                    target.path, target.name);
    target.is_magic = is_last && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
    ssize_t size = readlinkat(fd, "", text, PATH_MAX - 1);
    if (size < 0 || ++target.links > LINKS_MAX)
        fail(size < 0 ? errno : ELOOP);
    close(fd);
    if (target.is_magic)
        return false;
    text[size] = '\0';
    target.name[0] = '\0';
    return true;
}

/* Walks `path` from where the target is. Its last name need not exist. */
static void walk(const char *path)
{
    char text[PATH_MAX];

    if (path[0] == '\0')
        fail(ENOENT);
    if (path[0] == '/')
        enter("/");
    for (path += strspn(path, "/"); path[0] != '\0'; path += strspn(path, "/")) {
        size_t size = strcspn(path, "/");
        descend();
        if (size > NAME_MAX)
            fail(ENAMETOOLONG);
        memcpy(target.name, path, size);
        target.name[size] = '\0';
        path += size;
        if (take_link(path[0] == '\0', text))
            walk(text);
        if (path[0] == '/')
            descend();
    }
}

/* ---- the file ---- */

/* Whether the name is not that of a file that can be replaced, or made. Sets the mode and owner. */
static bool is_special(struct stat *st)
{
    mode_t mask = umask(0);

    umask(mask);
    if (target.is_magic || target.name[0] == '\0')
        return true;
    *st = (struct stat){
        .st_mode = S_IFREG | (0666 & ~mask), .st_uid = geteuid(), .st_gid = getegid()};
    return fstatat(target.folder, target.name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
           !S_ISREG(st->st_mode);
}

static void make_scratch(const struct stat *st)
{
    for (int i = 0; target.fd < 0 && i < SCRATCH_MAX; i++) {
        snprintf(target.scratch, sizeof(target.scratch), ".remap-%d-%d", getpid(), i);
        target.fd = openat(target.folder, target.scratch,
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (target.fd < 0 && errno != EEXIST)
            fail(errno);
    }
    if (target.fd < 0)
        fail(EEXIST);
    /* Only root can keep the owner, and not one without a number in its user namespace. */
    (void)!fchown(target.fd, st->st_uid, st->st_gid);
    (void)!fchmod(target.fd, st->st_mode & 0777);
}

static void open_target(void)
{
    struct stat st;

    target.folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (target.folder < 0)
        fail(errno);
    walk(target.path);
    if (!is_special(&st)) {
        make_scratch(&st);
        return;
    }
    target.fd =
        openat(target.folder, target.name[0] != '\0' ? target.name : ".",
               O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC | (target.is_magic ? 0 : O_NOFOLLOW));
    if (target.fd < 0)
        fail(errno);
}

/* Returns the exit status. */
static int finish(int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_UNAVAILABLE;

    if (target.scratch[0] == '\0')
        return code;
    if (code == STATUS_OK && (fsync(target.fd) != 0 || renameat(target.folder, target.scratch,
                                                                target.folder, target.name) != 0)) {
        message_print("cannot write '%s': %s", target.path, strerror(errno));
        code = STATUS_UNAVAILABLE;
    }
    if (code != STATUS_OK)
        unlinkat(target.folder, target.scratch, 0);
    return code;
}

/* ---- signals ---- */

static const int ENDS[] = {SIGINT, SIGTERM, SIGHUP};
enum { END_COUNT = sizeof(ENDS) / sizeof(ENDS[0]) };

/* Ends as by the signal, and leaves nothing behind. */
static void end(int signal_number)
{
    if (target.scratch[0] != '\0')
        unlinkat(target.folder, target.scratch, 0);
    kill(target.child, signal_number);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void output_file_begin(const char *path)
{
    sigset_t ends, before;
    int status = 0;

    target.path = path;
    sigemptyset(&ends);
    for (size_t i = 0; i < END_COUNT; i++)
        sigaddset(&ends, ENDS[i]);
    sigprocmask(SIG_BLOCK, &ends, &before);
    signal(SIGCHLD, SIG_DFL); /* a caller that ignores it would take the status */
    open_target();
    target.child = fork();
    if (target.child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (dup2(target.fd, STDOUT_FILENO) < 0)
            fail(errno);
        return;
    }
    for (size_t i = 0; target.child > 0 && i < END_COUNT; i++) {
        if (signal(ENDS[i], end) == SIG_IGN)
            signal(ENDS[i], SIG_IGN);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (target.child < 0 || waitpid(target.child, &status, 0) < 0) {
        message_print("cannot write '%s': %s", path, strerror(errno));
        status = STATUS_UNAVAILABLE << 8;
    }
    /* From here on it is replaced or not, and none of them comes between. */
    sigprocmask(SIG_BLOCK, &ends, NULL);
    exit(finish(status));
}
