/*
 * remap enter: libremap.so executes this in the place of a program that it cannot be loaded into
 * (preload/exec.c). It must not fail if the program itself would not have failed: a program that
 * no engine catches is executed unchanged, after a message.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/start.h"

enum { PATH_AT = 1, COMMAND_AT = 2 }; /* in argv */

/* libremap.so reports an invalid setting at the first bind. */
static bool wants_datagrams(void)
{
    static struct config scratch;
    const char *value = getenv(config_variable[CONFIG_DATAGRAMS]);
    struct diag d;

    return value != NULL && config_set(&scratch, CONFIG_DATAGRAMS, value, "", &d) &&
           scratch.datagrams;
}

static int enter_main(int argc, char **argv)
{
    struct start s = {.argv = argv + COMMAND_AT, .datagrams = wants_datagrams()};
    char path[PATH_MAX];

    (void)argc;
    /* The program was looked for along PATH already: a name without a slash is in this folder. */
    bool has_slash = strchr(argv[PATH_AT], '/') != NULL;
    int size = snprintf(path, sizeof(path), "%s%s", has_slash ? "" : "./", argv[PATH_AT]);
    bool is_caught = size < (int)sizeof(path) && start_choose(&s, "auto", path) == STATUS_OK;
    s.path = path;
    environment_make_absolute(CONFIG_FILE); /* the supervisor leaves this folder */
    environment_make_absolute(CONFIG_LOG_FILE);
    environment_make_absolute(CONFIG_STATE);
    int failure = is_caught && s.is_notify ? start_notify(&s) : 0;
    if (failure != 0 && failure != -EBUSY) /* EBUSY: a supervisor catches this program already */
        start_explain(path, failure, "; it starts as it is");
    return start_exec(&s);
}

const struct command enter_command = {
    .name = "enter",
    .arguments = "-- PATH NAME [ARGUMENT]...",
    .options = (const struct option_spec[]){{0}},
    .min_operands = COMMAND_AT,
    .max_operands = COMMAND_ANY_NUMBER,
    .command_at = 1,
    .main = enter_main,
};
