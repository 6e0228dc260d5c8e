/*
 * remap enter: how a program that libremap.so is in starts one that it cannot be in
 * (preload/exec.c). It is executed in that one's place, with the environment that it is to
 * have, and must not fail where that one would not have: what cannot be caught is
 * executed as it is, and said to be.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/choose.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "cli/supervise.h"
#include "core/config.h"

enum { PATH_AT = 1, COMMAND_AT = 2 }; /* of: enter PATH ARGV0 ... */

/* Of a faulty setting, libremap.so complains at the first bind. */
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
    char path[PATH_MAX];
    struct choice choice = {false, NULL};

    (void)argc;
    /* A name without a slash is of this folder: whoever executes it has looked along PATH. */
    bool has_slash = strchr(argv[PATH_AT], '/') != NULL;
    int size = snprintf(path, sizeof(path), "%s%s", has_slash ? "" : "./", argv[PATH_AT]);
    const struct supervise s = {
        .path = path, .argv = argv + COMMAND_AT, .datagrams = wants_datagrams()};
    bool is_caught =
        size < (int)sizeof(path) && choose_engine(CHOOSE_AUTO, path, &choice) == STATUS_OK;
    environment_pin(CONFIG_FILE); /* the supervisor leaves this folder */
    environment_pin(CONFIG_LOG_FILE);
    environment_pin(CONFIG_STATE);
    int failure = is_caught && choice.is_notify ? supervise_run(&s) : 0;
    if (failure != 0 && failure != -EBUSY) /* whose supervisor catches this one too */
        choose_complain_of_engine(path, failure, "; it starts as it is");
    return supervise_become(&s);
}

static const struct option_spec OPTIONS[] = {{0}};

const struct command enter_command = {
    .name = "enter",
    .arguments = "-- PATH NAME [ARGUMENT]...",
    .summary = NULL,
    .details = "",
    .options = OPTIONS,
    .min_operands = COMMAND_AT,
    .max_operands = COMMAND_ANY_NUMBER,
    .takes_command = true,
    .main = enter_main,
};
