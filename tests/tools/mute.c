/*
 * mute.so, preloaded into `remap run --engine notify`: the supervisor is killed when it has
 * learned of the command's end, and before it can tell anybody.
 */
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t waitpid(pid_t pid, int *status, int options)
{
    pid_t (*next)(pid_t, int *, int);
    void *found = dlsym(RTLD_NEXT, "waitpid");

    memcpy(&next, &found, sizeof(next));
    pid_t ended = next(pid, status, options);
    /* Nobody else here asks for all children, and for those that are stopped too. */
    if (pid == -1 && (options & WUNTRACED) != 0 && ended > 0 && !WIFSTOPPED(*status))
        kill(getpid(), SIGKILL);
    return ended;
}
