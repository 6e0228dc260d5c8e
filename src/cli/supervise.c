#include "cli/supervise.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "notify/launch.h"

int supervise_become(const struct supervise *s)
{
    if (s->path != NULL)
        execv(s->path, s->argv);
    else
        execvp(s->argv[0], s->argv);
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
    int status;
    int failure = launch_run(&l, &status);

    if (failure != 0)
        return failure;
    launch_end_as(status);
}
