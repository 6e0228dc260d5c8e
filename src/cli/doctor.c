/* remap doctor: whether remap works here and with a command, and what to do if not. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/finding.h"
#include "cli/install_paths.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "cli/system.h"
#include "notify/support.h"
#include "registry/store.h"

static bool is_json;

/* What was found. */
static struct findings all;
static struct config config;
static bool has_config;
static struct support support;
static struct program program; /* at the last file that the command runs */
static char decisive[PATH_FOUND_MAX];
static struct verdict verdict = {.engine = VERDICT_NEITHER, .path = decisive};

/* ---- the parts of remap ---- */

/* In the child: writes the loader's message, if it has one. */
_Noreturn static void load_library(const char *path, int answer)
{
    const char *problem = dlopen(path, RTLD_NOW) == NULL ? dlerror() : NULL;

    if (problem != NULL)
        (void)!write(answer, problem, strlen(problem));
    _exit(EXIT_SUCCESS);
}

/* Loads the library in a child: it may be for another machine, or for a newer glibc. */
static void try_to_load(const char *path, struct finding *f)
{
    char problem[FINDING_TEXT_MAX];
    int ends[2], status = 0;
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        finding_set(f, FINDING_PROBLEM, "", "cannot be tested: %s", strerror(errno));
        return;
    }
    if (child == 0)
        load_library(path, ends[1]);
    close(ends[1]);
    CLEANUP_FILE FILE *answer = fdopen(ends[0], "r");
    size_t size = answer != NULL ? fread(problem, 1, sizeof(problem) - 1, answer) : 0;
    problem[size] = '\0';
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        snprintf(problem, sizeof(problem), "killed by signal %d", WTERMSIG(status));
    if (problem[0] != '\0')
        finding_set(f, FINDING_PROBLEM, "use the library that was built for this system",
                    "the loader rejects it: %s", problem);
}

static void check_library(struct finding *f)
{
    char path[PATH_MAX];

    message_hold();
    bool is_found = install_paths_library(path);
    const char *problem = message_release();
    if (!is_found) {
        finding_take_message(f, problem);
        return;
    }
    finding_set(f, FINDING_OK, "", "%s", path);
    try_to_load(path, f);
}

static void check_table(struct finding *f)
{
    static const struct rules none;

    message_hold();
    has_config = rules_load(&none, &config);
    const char *problem = message_release();
    if (!has_config) {
        finding_take_message(f, problem);
        return;
    }
    const char *rules = output_table(&config.table, ',');
    if (config.table.count == 0)
        finding_set(f, FINDING_NOTE, "add rules, such as 80=8080",
                    "%s has no rules, so nothing is remapped", config.source);
    else if (strlen(rules) <= 60)
        finding_set(f, FINDING_OK, "", "%s: %s", config.source, rules);
    else
        finding_set(f, FINDING_OK, "", "%s: %zu rules", config.source, config.table.count);
}

/* Returns why the folder of a registry cannot be used, or NULL. Does not create the folder. */
static const char *try_folder(const char *folder)
{
    const char *problem, *slash = strrchr(folder, '/');
    char above[CONFIG_PATH_MAX] = ".";
    struct registry *registry = store_find(folder, &problem);

    if (registry != NULL) {
        registry_destroy(registry);
        return NULL;
    }
    if (problem != NULL || access(folder, F_OK) == 0)
        return problem;
    if (slash != NULL)
        snprintf(above, sizeof(above), "%.*s", (int)(slash > folder ? slash - folder : 1), folder);
    return access(above, W_OK | X_OK) == 0 ? NULL
                                           : "cannot be created: choose another in REMAP_STATE";
}

/* Like the library, tries the default folder if the first one is implicit and cannot be used. */
static void check_registry(struct finding *f)
{
    static char other[STORE_DEFAULT_MAX], message[CONFIG_PATH_MAX + 128];
    const char *folder = config.state[0] != '\0' ? config.state : store_default_folder(other);

    if (!has_config) {
        finding_set(f, FINDING_NOTE, "", "not checked, since a setting is invalid");
        return;
    }
    if (config.state_off) {
        finding_set(f, FINDING_NOTE, "unset REMAP_STATE for 'remap ps' and other clients",
                    "off: only child processes see remapped ports");
        return;
    }
    const char *problem = try_folder(folder);
    if (problem != NULL && !config.state_given && folder != other) {
        folder = store_default_folder(other);
        problem = try_folder(folder);
    }
    finding_set(f, FINDING_OK, "", "%s", folder);
    if (problem == NULL)
        return;
    snprintf(message, sizeof(message), "%s %s", folder, problem);
    finding_take_message(f, message);
    f->state = FINDING_NOTE; /* the library works without */
}

/* ---- this system and this user ---- */

static void check_notify(struct finding *f)
{
    bool is_available = support_find(&support);

    text_string(&f->text, "the engine for static, Go and musl programs is ");
    text_string(&f->text, is_available ? "available" : "not available: ");
    if (!is_available) {
        support_text(&support, &f->text);
        support_way_out(&support, &f->way_out);
    } else {
        if (!support.wait_killable)
            text_string(&f->text, "; signals end its calls with EINTR (before Linux 5.19)");
        if (!support.sync_wake_up)
            text_string(&f->text, "; its calls are slow (before Linux 6.6)");
    }
    f->state = is_available && support.wait_killable ? FINDING_OK : FINDING_NOTE;
}

static void check_yama(struct finding *f)
{
    static const char SETTING[] = "kernel.yama.ptrace_scope";
    int scope = support.yama;

    if (scope < 0)
        finding_set(f, FINDING_OK, "", "not in this kernel");
    else if (scope < 2)
        finding_set(f, FINDING_OK, "", "does not restrict the notify engine (%s is %d)", SETTING,
                    scope);
    else
        finding_set(f, FINDING_NOTE, "", "%s is %d: the notify engine %s", SETTING, scope,
                    scope > 2 ? "is not available" : "needs CAP_SYS_PTRACE");
}

/* A check changes nothing, and starts nothing that stays. */
static const struct {
    const char *name;
    void (*check)(struct finding *f);
} CHECKS[] = {
    {"library", check_library},   {"table", check_table},
    {"registry", check_registry}, {"ports", system_check_ports},
    {"user", system_check_user},  {"notify", check_notify},
    {"yama", check_yama},         {"io_uring", system_check_io_uring},
};

static void add_ignored(void)
{
    for (enum config_key key = 0; config.ignored >> key != 0; key++) {
        if (config.ignored >> key & 1)
            finding_set(finding_add(&all, "variable"), FINDING_NOTE, "", "%s" CONFIG_IGNORED,
                        config_variable[key]);
    }
}

/* ---- the command ---- */

static void add_file(void)
{
    struct finding *f = finding_add(&all, "command");

    describe_file(&program, &f->text);
    if (!program.privilege.is_ignored)
        return;
    f->state = FINDING_NOTE;
    text_string(&f->text, "; its set-user-ID or set-group-ID bit or file capabilities have no"
                          " effect here");
}

static void add_fault(void)
{
    struct finding *f = finding_add(&all, "command");

    f->state = FINDING_PROBLEM;
    describe_fault(&program, &f->text);
    text_string(&f->way_out, describe_fault_way_out(&program));
}

static const char *const ENGINES[] = {
    [VERDICT_PRELOAD] = "preload",
    [VERDICT_NOTIFY] = "notify",
    [VERDICT_NEITHER] = "none",
};

static void add_engine(void)
{
    struct finding *f = finding_add(&all, "engine");

    text_string(&f->text, ENGINES[verdict.engine]);
    text_string(&f->text, ": ");
    describe_reason(&verdict, &f->text);
    if (verdict.engine == VERDICT_NEITHER) {
        f->state = FINDING_PROBLEM;
        text_string(&f->way_out, describe_way_out(&verdict));
    } else if (verdict.engine == VERDICT_NOTIFY && support.lack != SUPPORT_COMPLETE) {
        f->state = FINDING_PROBLEM;
        text_string(&f->text, "; and ");
        support_text(&support, &f->text);
        support_way_out(&support, &f->way_out);
    } else if (verdict.engine == VERDICT_PRELOAD && verdict.reason != VERDICT_IS_DYNAMIC) {
        f->state = FINDING_NOTE;
        text_string(&f->way_out, describe_way_out(&verdict));
    }
}

/* What an engine does not catch. */
static const struct {
    enum verdict_engine engine;
    const char *text, *way_out;
} LIMITS[] = {
    {VERDICT_PRELOAD, "system calls made without libc are not caught",
     "for programs that make them, use --engine notify"},
    {VERDICT_PRELOAD,
     "calls of objects that are loaded with RTLD_DEEPBIND (extensions of PHP) or dlmopen, or that "
     "look functions up in libc itself (foreign function interfaces), are not caught",
     "if a server with such parts is refused its port, use --engine notify"},
    {VERDICT_NOTIFY,
     "accept and recvfrom tell a server the actual port of a client on this host that has bound "
     "one",
     ""},
    {VERDICT_NOTIFY, "datagrams sent to an address, without connect, are not remapped",
     "for such a client, use --datagrams: each call then takes some 10 us longer"},
};

static void add_limits(void)
{
    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        if (LIMITS[i].engine == verdict.engine)
            finding_set(finding_add(&all, "limits"), FINDING_NOTE, LIMITS[i].way_out, "%s",
                        LIMITS[i].text);
    }
}

static void examine_command(const char *command)
{
    static char found[PATH_FOUND_MAX];

    verdict.engine = VERDICT_PRELOAD;
    program_begin_command(&program, command, found);
    while (program_next(&program)) {
        verdict_add(&verdict, &program);
        if (program.error == 0)
            add_file();
    }
    if (program.error != 0) {
        verdict.engine = VERDICT_NEITHER;
        add_fault();
    } else {
        add_engine();
        add_limits();
    }
}

/* ---- the answer ---- */

/* The status that 'remap run' would exit with, if it would not start the command. */
static int find_status(void)
{
    bool is_about_command = program.count == 1 && !program.is_about_loader;

    if (!has_config)
        return STATUS_BAD_TABLE;
    if (is_about_command && program.error != 0)
        return program.error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
    return finding_worst(&all) == FINDING_PROBLEM ? STATUS_NO : STATUS_OK;
}

static int doctor_main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++)
        CHECKS[i].check(finding_add(&all, CHECKS[i].name));
    add_ignored();
    if (argc > 1)
        examine_command(argv[1]);
    int status = find_status();
    bool is_caught = verdict.engine != VERDICT_NEITHER;
    if (is_json)
        finding_print_json(&all, status == STATUS_OK, is_caught ? ENGINES[verdict.engine] : NULL);
    else
        finding_print(&all);
    return status;
}

static const struct option_spec OPTIONS[] = {
    {"json", 0, NULL, OPTION_FLAG, &is_json,
     "print JSON: an object with works, engine and findings"},
    {0},
};

const struct command doctor_command = {
    .name = "doctor",
    .arguments = "[COMMAND [ARGUMENT]...]",
    .summary = "Find out whether remap will work here, and for a command",
    .details = "Prints a line for each finding: its state (ok, note or problem), its subject,\n"
               "what was found, and the remedy. Starts nothing, and changes nothing.\n"
               "Exit status: 0 remap will work, 1 it will not; 64 usage, 78 invalid table,\n"
               "126 the command cannot be executed, 127 it was not found.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .takes_command = true,
    .main = doctor_main,
};
