/*
 * supervisor COMMAND...: runs COMMAND with the filter of the notify engine, and lets the kernel go on with
 * each call that is stopped: what any supervisor costs.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/filter.h"
#include "notify/notification.h"

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void end(int signal)
{
    int status;

    (void)signal;
    if (wait(&status) > 0)
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int main(int argc, char **argv)
{
    struct sock_fprog filter;
    struct notification n;
    uint64_t flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;

    if (argc < 2)
        return 64;
    signal(SIGCHLD, end);
    if (filter_make(&filter, false) != 0)
        fail("filter_make");
    /* This process has the filter, too, but makes none of the calls. */
    int listener = filter_install(&filter);
    if (listener < 0)
        fail("filter_install");
    pid_t command = fork();
    if (command < 0)
        fail("fork");
    if (command == 0) {
        execvp(argv[1], argv + 1);
        fail(argv[1]);
    }
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
    for (;;) {
        if (notification_receive(&n, listener))
            notification_continue(&n);
    }
}
