#include "cli/loaders.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/both_abis.h"
#include "cli/install_paths.h"
#include "cli/preload_path.h"
#include "linux/sys.h"
#include "linux/trust.h"

/* Replaces this process. The alarm goes on in the loader. */
_Noreturn static void list(const char *loader, const char *library)
{
    enum { SECONDS = 2 };
    char *const arguments[] = {(char *)loader, (char *)"--list", (char *)library, NULL};
    char *const environment[] = {NULL};
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
        dup2(null, fd);
    signal(SIGALRM, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(SECONDS);
    if (null >= 0)
        sys_execve(loader, arguments, environment);
    _exit(EXIT_FAILURE);
}

/*
 * Has the loader of musl list what the library needs, as ldd(1) does: that fails if it has no function of
 * such a name. Nothing of the program is executed. Takes a millisecond, and two seconds at most.
 */
static bool musl_takes(const struct program *p, const char *library)
{
    struct sigaction unchanged;
    int status = -1;

    if (trust_of(p->elf.loader) != CONFIG_TRUSTED)
        return false;
    /* Where SIGCHLD is ignored, there is no status. */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &unchanged);
    pid_t child = fork();
    if (child == 0)
        list(p->elf.loader, library);
    if (child > 0)
        waitpid(child, &status, 0);
    sigaction(SIGCHLD, &unchanged, NULL);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* The loader of musl does not know $LIB. */
static bool musl_takes_installed(const struct program *p, const struct config *config)
{
    char library[PATH_MAX], path[PATH_MAX];

    return install_paths_library(library) && preload_path_find(library, config, false, path) &&
           strchr(path, '$') == NULL && musl_takes(p, library);
}

static bool musl_takes_preloaded(const struct program *p)
{
    char path[PATH_MAX];
    const char *list = getenv("LD_PRELOAD");

    return list != NULL && preload_path_first(list, path) && musl_takes(p, path);
}

struct verdict_loaders loaders_find(const struct program *p, const struct config *config)
{
    struct verdict_loaders loaders = {.has_32_bit =
                                          p->elf.abi == ELF_32_BIT && both_abis_installed()};

    if (verdict_needs_loader(p))
        loaders.takes_musl =
            config != NULL ? musl_takes_installed(p, config) : musl_takes_preloaded(p);
    return loaders;
}
