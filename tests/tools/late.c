/*
 * late.so, preloaded into `remap run --engine notify`: what the supervisor writes to the memory of
 * a process comes a tenth of a second later.
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DELAY = 100000 };

/* Stores the next definition of a function in *function. */
static void find_next(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof(found));
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *here, unsigned long heres,
                          const struct iovec *there, unsigned long theres, unsigned long flags)
{
    ssize_t (*next)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
                    unsigned long);

    usleep(DELAY);
    find_next("process_vm_writev", &next);
    return next(pid, here, heres, there, theres, flags);
}

ssize_t pwrite(int fd, const void *buf, size_t size, off_t offset)
{
    ssize_t (*next)(int, const void *, size_t, off_t);

    usleep(DELAY);
    find_next("pwrite", &next);
    return next(fd, buf, size, offset);
}
