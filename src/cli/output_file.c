#include "cli/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"

_Noreturn static void fail(const char *path)
{
    message_die(STATUS_UNAVAILABLE, "cannot write '%s': %s", path, strerror(errno));
}

/* ---- links ---- */

static void check_link(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != 0 && st.st_uid != geteuid())
        message_die(STATUS_UNAVAILABLE,
                    "%s is a symbolic link of another user: use the path of the file itself", path);
}

/* Checks each name of the path. */
static void check_links(const char *path)
{
    CLEANUP_FREE char *part = memory_format("%s", path);

    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        check_link(part);
        *slash = '/';
    }
    check_link(part);
}

/* ---- the file ---- */

/* What the child writes to, and what that becomes. */
struct target {
    char *path, *scratch;
    int fd;
};

static mode_t mode_of(const char *path)
{
    struct stat st;
    mode_t mask = umask(0);

    umask(mask);
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0666 & ~mask;
}

static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static struct target open_target(const char *path)
{
    struct target t = {.fd = -1};

    check_links(path);
    if (is_special(path)) {
        t.fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        char *real = realpath(path, NULL);
        t.path = real != NULL ? real : memory_format("%s", path);
        t.scratch = memory_format("%s.XXXXXX", t.path);
        t.fd = mkostemp(t.scratch, O_CLOEXEC);
    }
    if (t.fd < 0 || (t.scratch != NULL && fchmod(t.fd, mode_of(t.path)) != 0))
        fail(path);
    return t;
}

/* Returns the exit status. */
static int finish(const struct target *t, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_UNAVAILABLE;

    if (t->scratch == NULL)
        return code;
    if (code == STATUS_OK && (fsync(t->fd) != 0 || rename(t->scratch, t->path) != 0)) {
        message_print("cannot write '%s': %s", t->path, strerror(errno));
        code = STATUS_UNAVAILABLE;
    }
    if (code != STATUS_OK)
        unlink(t->scratch);
    return code;
}

void output_file_begin(const char *path)
{
    struct target t = open_target(path);
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (dup2(t.fd, STDOUT_FILENO) < 0)
            fail(path);
        return;
    }
    /* A signal of the terminal ends the child; the rest is cleaned up here. */
    signal(SIGINT, SIG_IGN);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        status = STATUS_UNAVAILABLE << 8;
    exit(finish(&t, status));
}
