/*
 * badclose.so, preloaded into `remap run --engine notify`: signalfd(2) fails in the process
 * that waits for the command, and each close(2) of a descriptor that is not open is reported.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Stores the next definition of a function in *function. */
static void find_next(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof(found));
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
    int (*next)(int, const sigset_t *, int);

    /* The supervisor waits for SIGCHLD alone. */
    if (sigismember(mask, SIGTERM)) {
        errno = EMFILE;
        return -1;
    }
    find_next("signalfd", &next);
    return next(fd, mask, flags);
}

int close(int fd)
{
    static const char LINE[] = "closed twice\n";
    int (*next)(int);

    find_next("close", &next);
    int result = next(fd);
    if (result != 0 && errno == EBADF)
        (void)!write(STDERR_FILENO, LINE, sizeof(LINE) - 1);
    return result;
}
