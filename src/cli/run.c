/*
 * remap run: puts the library and the table into the environment, and starts the command. The
 * table is passed on in normal form, whatever its source: a program that changes its folder, user
 * or root still has it.
 *
 * remap enter: libremap.so executes this in the place of a program that it cannot be loaded into
 * (preload/exec.c). It must not fail if the program itself would not have failed: a program that
 * no engine catches is executed unchanged, after a message.
 */
#include <errno.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/environment.h"
#include "cli/install_paths.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "cli/runs.h"
#include "linux/procfs.h"
#include "linux/sys.h"
#include "notify/launch.h"
#include "notify/support.h"

struct start {
    const char *path; /* the program; NULL: look for argv[0] along PATH */
    char **argv;
    bool is_notify;
    bool datagrams; /* with notify, sendto is stopped too */
};

/* ---- the engine ---- */

static void print_verdict(const struct verdict *v)
{
    static char line[MESSAGE_MAX];
    struct text text;

    text_init(&text, line, sizeof(line));
    describe_reason(v, &text);
    message_print("%s: %s", line, describe_way_out(v));
}

/*
 * Examines the command, and sets `path` and `is_notify`. `engine` is the value of --engine.
 * Returns STATUS_OK; or STATUS_UNAVAILABLE, after a message, if no engine catches
 * the command. A command that cannot be executed is left to exec_command, which says why. With
 * preload, a command that only notify catches is run after a warning: it may start others.
 */
static int choose_engine(struct start *s, const char *engine, const char *command)
{
    static char path[PATH_FOUND_MAX], found[PATH_FOUND_MAX], decisive[PATH_FOUND_MAX];
    bool is_auto = strcmp(engine, "auto") == 0;
    struct verdict v = {.path = decisive};
    struct program p;

    program_begin_command(&p, command, found);
    while (program_next(&p)) {
        if (p.count == 1)
            text_copy(path, sizeof(path), p.path);
        verdict_add(&v, &p);
    }
    s->path = p.error == 0 ? path : NULL;
    s->is_notify = !is_auto && strcmp(engine, "notify") == 0;
    if (p.error != 0)
        return STATUS_OK;
    if (v.engine == VERDICT_NEITHER) {
        print_verdict(&v);
        return STATUS_UNAVAILABLE;
    }
    if (is_auto)
        s->is_notify = v.engine == VERDICT_NOTIFY;
    if (v.reason == VERDICT_IS_UNREADABLE || (v.engine == VERDICT_NOTIFY && !s->is_notify))
        print_verdict(&v);
    return STATUS_OK;
}

/* Prints why launch_run failed; `outcome` says what happens to the command, or is "". */
static void explain_failure(const char *command, int failure, const char *outcome)
{
    static char line[MESSAGE_MAX];
    struct support support;
    struct text text;

    text_init(&text, line, sizeof(line));
    text_quoted(&text, command);
    text_string(&text, " cannot use the notify engine: ");
    if (support_find(&support)) {
        text_string(&text, strerror(-failure));
        text_string(&text, ": try again");
    } else {
        support_text(&support, &text);
        text_string(&text, ": ");
        support_way_out(&support, &text);
    }
    message_print("%s%s", line, outcome);
}

/* ---- the command ---- */

/* Runs a file that the kernel has no format for with the shell, as execvp(3) does. */
static void exec_script(const struct start *s)
{
    size_t count = 0;

    while (s->argv[count] != NULL)
        count++;
    CLEANUP_FREE const char **argv = memory_check(calloc(count + 2, sizeof(*argv)));
    argv[0] = _PATH_BSHELL;
    argv[1] = s->path;
    for (size_t i = 1; i < count; i++)
        argv[i + 1] = s->argv[i];
    sys_execve(_PATH_BSHELL, (char *const *)argv, environ);
}

/* Becomes the command. Returns an exit status, after a message, if that fails. */
static int exec_command(const struct start *s)
{
    if (s->path == NULL) {
        execvp(s->argv[0], s->argv); /* only for its errno */
    } else {
        /* If remap itself is preloaded, execv(3) would put back the variables that were removed. */
        sys_execve(s->path, s->argv, environ);
        if (errno == ENOEXEC)
            exec_script(s);
    }
    if (errno == ENOENT) {
        message_print("cannot run '%s': command not found", s->argv[0]);
        return STATUS_NOT_FOUND;
    }
    message_print("cannot run '%s': %s", s->argv[0], strerror(errno));
    return STATUS_CANNOT_RUN;
}

/* In the process that becomes the command. */
static int exec_without_preload(void *data)
{
    environment_drop_preload();
    return exec_command(data);
}

/* Runs the command under the notify engine, and does not return, or returns as launch_run. */
static int run_notify(struct start *s)
{
    return launch_run(&(struct launch){exec_without_preload, s, s->datagrams});
}

/* ---- remap run ---- */

/* Settings that are NULL are left to the environment. */
static struct {
    struct rules rules;
    bool all_auto;
    const char *when, *report, *connect;
    const char *run;
    const char *level;
    const char *engine;
    const char *datagrams;
} options = {.engine = "auto"};

static void set_environment(const struct config *config, const char *library)
{
    char own[PATH_MAX];

    environment_drop_ignored(config);
    environment_set(CONFIG_RULES, output_table(&config->table, ','));
    environment_set(CONFIG_WHEN, options.when);
    environment_set(CONFIG_REPORT, options.report);
    environment_set(CONFIG_CONNECT, options.connect);
    environment_set(CONFIG_DATAGRAMS, options.datagrams);
    const char *level = getenv(config_variable[CONFIG_LOG]);
    if (options.level != NULL || level == NULL || level[0] == '\0')
        environment_set(CONFIG_LOG, options.level != NULL ? options.level : "info");
    environment_make_absolute(CONFIG_LOG_FILE);
    environment_make_absolute(CONFIG_STATE);
    environment_preload(library);
    /* libremap.so starts `remap enter` for a program that it cannot be loaded into. */
    if (strcmp(options.engine, "auto") == 0 && procfs_link(0, "exe", own, sizeof(own)) > 0)
        environment_set(CONFIG_RUN, own);
}

static int run_main(int argc, char **argv)
{
    static struct config config;
    struct start s = {.argv = argv + 1};
    char library[PATH_MAX];

    (void)argc;
    if (options.all_auto)
        rules_add_text(&options.rules, "1-1023=auto");
    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    int status = choose_engine(&s, options.engine, s.argv[0]);
    if (status != STATUS_OK)
        return status;
    if (!install_paths_library(library))
        return STATUS_UNAVAILABLE;
    set_environment(&config, library);
    if (options.run != NULL) /* it has a registry of its own */
        environment_set(CONFIG_STATE, runs_begin(options.run));
    if (!s.is_notify)
        return exec_command(&s);
    s.datagrams = options.datagrams != NULL || config.datagrams;
    explain_failure(s.argv[0], run_notify(&s), "");
    return STATUS_UNAVAILABLE;
}

static const struct option_spec OPTIONS[] = {
    OPTION_RULES_AND_FILE(&options.rules),
    {"auto", 0, NULL, OPTION_FLAG, &options.all_auto,
     "send every other privileged port to a free one"},
    {"when", 0, "always|denied", OPTION_CHOICE, &options.when,
     "always (default), or only if the kernel refuses"},
    {"report", 0, "asked|actual", OPTION_CHOICE, &options.report,
     "the ports that the command sees (default: asked)"},
    {"connect", 0, "registry|table|off", OPTION_CHOICE, &options.connect,
     "which connections to remap (default: registry)"},
    {"name", 0, "RUN", OPTION_RUN, &options.run, "use a separate registry, of this name"},
    {"engine", 0, "auto|preload|notify", OPTION_CHOICE, &options.engine,
     "how to catch calls (default: auto)"},
    {"datagrams", 0, "on", OPTION_CONSTANT, &options.datagrams,
     "with notify, remap sendto too (10 us a call)"},
    {"quiet", 'q', "error", OPTION_CONSTANT, &options.level,
     "print no line for each remapped bind"},
    {"verbose", 'v', "debug", OPTION_CONSTANT, &options.level, "print more lines"},
    {0},
};

const struct command run_command = {
    .name = "run",
    .arguments = "[--] COMMAND [ARGUMENT]...",
    .summary = "Run a command with its privileged ports remapped",
    .details = "Without --rules, --file and --auto the table comes from REMAP, REMAP_FILE,\n"
               "$XDG_CONFIG_HOME/remap.conf or /etc/remap.conf, the first that is set or\n"
               "exists; the default is " TABLE_DEFAULT ".\n"
               "\n"
               "Connections to this host reach running servers (registry), also by the table\n"
               "alone (table), or are left alone (off). The engine preload is for dynamic\n"
               "programs, notify for all others; auto chooses by the command.\n"
               "\n"
               "Exit status: that of the command; 64 usage, 69 no library or engine,\n"
               "78 invalid table, 126 the command cannot be executed, 127 it was not found.\n",
    .options = OPTIONS,
    .min_operands = 1,
    .max_operands = COMMAND_ANY_NUMBER,
    .takes_command = true,
    .main = run_main,
};

/* ---- remap enter ---- */

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
    bool is_caught = size < (int)sizeof(path) && choose_engine(&s, "auto", path) == STATUS_OK;
    s.path = path;
    environment_make_absolute(CONFIG_FILE); /* the supervisor leaves this folder */
    environment_make_absolute(CONFIG_LOG_FILE);
    environment_make_absolute(CONFIG_STATE);
    int failure = is_caught && s.is_notify ? run_notify(&s) : 0;
    if (failure != 0 && failure != -EBUSY) /* EBUSY: a supervisor catches this program already */
        explain_failure(path, failure, "; it starts as it is");
    return exec_command(&s);
}

const struct command enter_command = {
    .name = "enter",
    .arguments = "-- PATH NAME [ARGUMENT]...",
    .options = (const struct option_spec[]){{0}},
    .min_operands = COMMAND_AT,
    .max_operands = COMMAND_ANY_NUMBER,
    .takes_command = true,
    .main = enter_main,
};
