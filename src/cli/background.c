#include "cli/background.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/fd.h"

_Noreturn static void begin(const char *name, void (*run)(void))
{
    sigset_t all;

    setsid();
    prctl(PR_SET_NAME, name);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (chdir("/") != 0)
        _exit(EXIT_FAILURE);
    fd_drop_standard(STDERR_FILENO);
    run();
    _exit(EXIT_SUCCESS);
}

bool background_start(const char *name, void (*run)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        pid_t own = fork();
        if (own == 0)
            begin(name, run);
        _exit(own > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
