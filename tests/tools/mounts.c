/*
 * mounts [-r ROOT] COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND in a mount namespace of its own, which lets no mount out. Unlike unshare(1), it
 * works in a chroot, whose / is no mount point. With -r, ROOT, a mount point, becomes the root of
 * that namespace: COMMAND is in no chroot, and may have a user namespace. Exits with 125 if it fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "mounts: %s: %s\n", what, strerror(errno));
    exit(125);
}

static int open_or_die(const char *path, int flags)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        die(path);
    return fd;
}

/* Makes the root of the namespace that of this process: / may be a folder in it. */
static void leave_chroot(void)
{
    int self = open_or_die("/proc/self/ns/mnt", 0);

    if (setns(self, CLONE_NEWNS) != 0)
        die("cannot enter its own mount namespace");
    close(self);
}

static void go_to(int folder)
{
    if (fchdir(folder) != 0)
        die("cannot change the folder");
    close(folder);
}

/* Makes this folder the root of the namespace, and drops the old one. */
static void make_root_here(void)
{
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        die("cannot change the root");
}

int main(int argc, char **argv)
{
    const char *root = NULL;
    int option;

    while ((option = getopt(argc, argv, "+r:")) != -1) {
        if (option != 'r')
            return 125;
        root = optarg;
    }
    if (optind == argc) {
        fputs("usage: mounts [-r ROOT] COMMAND [ARGUMENT]...\n", stderr);
        return 125;
    }
    if (unshare(CLONE_NEWNS) != 0)
        die("no mount namespace");
    /* These are places in the new namespace. */
    int top = open_or_die(root != NULL ? root : "/", O_DIRECTORY);
    int here = open_or_die(".", O_DIRECTORY);
    leave_chroot();
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        die("cannot make mounts private");
    go_to(top);
    if (root != NULL) {
        make_root_here();
    } else if (chroot(".") != 0) {
        die("cannot return to /");
    } else {
        go_to(here);
    }
    execvp(argv[optind], argv + optind);
    die(argv[optind]);
}
