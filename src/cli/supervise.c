#include "cli/supervise.h"

#include <errno.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "linux/sys.h"
#include "notify/launch.h"

/* What is no program is a script of the shell's, as for execvp(3). */
static void become_script(const struct supervise *s)
{
    size_t count = 0;

    while (s->argv[count] != NULL)
        count++;
    const char **argv = calloc(count + 2, sizeof(*argv));
    if (argv == NULL)
        exit(message_no_memory());
    argv[0] = _PATH_BSHELL;
    argv[1] = s->path;
    for (size_t i = 1; i < count; i++)
        argv[i + 1] = s->argv[i];
    sys_execve(_PATH_BSHELL, (char *const *)argv, environ);
    free(argv);
}

/* Not execv(3): where remap itself is preloaded, that would put back what was taken out of the environment. */
static void execute(const struct supervise *s)
{
    if (s->path == NULL) {
        execvp(s->argv[0], s->argv); /* which says what is wrong */
        return;
    }
    sys_execve(s->path, s->argv, environ);
    if (errno == ENOEXEC)
        become_script(s);
}

int supervise_become(const struct supervise *s)
{
    execute(s);
    if (errno == ENOENT) {
        message_print("cannot run '%s': no such command: check its name and PATH", s->argv[0]);
        return STATUS_NOT_FOUND;
    }
    message_print("cannot run '%s': %s: check the file", s->argv[0], strerror(errno));
    return STATUS_CANNOT_RUN;
}

/* In the process that is to become the command. */
static int become(void *data)
{
    environment_drop_preload();
    return supervise_become(data);
}

int supervise_run(const struct supervise *s)
{
    struct supervise copy = *s;
    const struct launch l = {.command = become, .data = &copy, .datagrams = s->datagrams};

    return launch_run(&l);
}
