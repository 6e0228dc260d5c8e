/* remap doctor: whether remap will work here, and for a command; and what to do where not. */
#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/finding.h"
#include "cli/help.h"
#include "cli/library.h"
#include "cli/message.h"
#include "cli/privilege.h"
#include "cli/program.h"
#include "cli/rules.h"
#include "notify/support.h"
#include "registry/store.h"

/* What checks leave for later ones. */
struct visit {
    struct config config;
    bool has_config;
    struct support support;
    struct program program;
    struct program_verdict verdict;
};

/* A number from /proc/sys; `otherwise` where there is none. */
static long read_setting(const char *path, long otherwise)
{
    char line[32] = "";
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return otherwise;
    bool is_read = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    return is_read ? strtol(line, NULL, 10) : otherwise;
}

/* ---- the parts of remap ---- */

/* In the child: says why not. */
_Noreturn static void try_to_load(const char *library, int answer)
{
    const char *problem = dlopen(library, RTLD_NOW) == NULL ? dlerror() : NULL;

    if (problem != NULL)
        (void)!write(answer, problem, strlen(problem));
    _exit(EXIT_SUCCESS);
}

/* Loads the library in a child, as the loader would: it may be of another machine, or for a newer glibc. */
static void load(const char *library, struct finding *f)
{
    static char problem[FINDING_TEXT_MAX];
    int ends[2], status = 0;
    ssize_t size, all = 0;

    if (pipe(ends) != 0) {
        finding_set(f, FINDING_PROBLEM, "it could not be tried: %s", strerror(errno));
        return;
    }
    pid_t child = fork();
    if (child == 0)
        try_to_load(library, ends[1]);
    close(ends[1]);
    while ((size = read(ends[0], problem + all, sizeof(problem) - 1 - (size_t)all)) > 0)
        all += size;
    close(ends[0]);
    if (child > 0)
        waitpid(child, &status, 0);
    problem[all] = '\0';
    if (child < 0)
        snprintf(problem, sizeof(problem), "it could not be tried: %s", strerror(EAGAIN));
    else if (WIFSIGNALED(status))
        snprintf(problem, sizeof(problem), "killed by signal %d", WTERMSIG(status));
    else if (all == 0)
        return;
    finding_set(f, FINDING_PROBLEM, "the loader does not take it: %s", problem);
    finding_set_way_out(f, "take the library that was built for this system");
}

static void check_library(struct visit *v, struct finding *f)
{
    char path[PATH_MAX], problem[PATH_MAX + 128];
    struct text text;

    (void)v;
    text_init(&text, problem, sizeof(problem));
    message_capture(&text);
    bool is_found = library_find(path);
    message_capture(NULL);
    if (!is_found) {
        finding_take_message(f, problem);
        return;
    }
    finding_set(f, FINDING_OK, "%s", path);
    load(path, f);
}

static void check_table(struct visit *v, struct finding *f)
{
    static const struct rules none;
    static char problem[DIAG_TEXT_MAX], rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, problem, sizeof(problem));
    message_capture(&text);
    v->has_config = rules_load(&none, &v->config);
    message_capture(NULL);
    if (!v->has_config) {
        finding_take_message(f, problem);
        return;
    }
    text_init(&text, rules, sizeof(rules));
    table_format(&v->config.table, ',', &text);
    if (v->config.table.count == 0) {
        finding_set(f, FINDING_NOTE, "%s has no rules, and nothing is moved", v->config.source);
        finding_set_way_out(f, "write some, as 80=8080");
    } else if (text.used <= 60) {
        finding_set(f, FINDING_OK, "%s: %s", v->config.source, rules);
    } else {
        finding_set(f, FINDING_OK, "%s: %zu rules", v->config.source, v->config.table.count);
    }
}

/* A folder that is not there yet is not made: that is not for who only looks. */
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
    return access(above, W_OK | X_OK) == 0 ? NULL : "cannot be made: choose another in REMAP_STATE";
}

/* As the library does it: the second folder is for where the first cannot be had. */
static void check_registry(struct visit *v, struct finding *f)
{
    static char other[STORE_DEFAULT_MAX], message[CONFIG_PATH_MAX + 128];
    const struct config *config = &v->config;
    const char *folder = config->state[0] != '\0' ? config->state : store_default_folder(other);

    if (!v->has_config) {
        finding_set(f, FINDING_NOTE, "not looked at, since a setting is faulty");
        return;
    }
    if (config->state_off) {
        finding_set(f, FINDING_NOTE, "off: what is moved, only children of a server know");
        finding_set_way_out(f, "unset REMAP_STATE for 'remap ps', and clients that find servers");
        return;
    }
    const char *problem = try_folder(folder);
    if (problem != NULL && !config->state_given && folder != other) {
        folder = store_default_folder(other);
        problem = try_folder(folder);
    }
    finding_set(f, FINDING_OK, "%s", folder);
    if (problem == NULL)
        return;
    snprintf(message, sizeof(message), "%s %s", folder, problem);
    finding_take_message(f, message);
    f->state = FINDING_NOTE; /* the library does without */
}

/* ---- this system and this user ---- */

static void check_ports(struct visit *v, struct finding *f)
{
    static const char SETTING[] = "net.ipv4.ip_unprivileged_port_start";
    long start = read_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", 1024);

    (void)v;
    if (start <= 1) {
        finding_set(f, FINDING_NOTE, "any user may bind any port here (%s is %ld)", SETTING, start);
        finding_set_way_out(f, "you do not need remap");
    } else if (start < 1024) {
        finding_set(f, FINDING_NOTE, "any user may bind ports from %ld up here (%s)", start,
                    SETTING);
        finding_set_way_out(f, "you do not need remap for these");
    } else {
        finding_set(f, start > 1024 ? FINDING_NOTE : FINDING_OK,
                    "those below %ld are privileged (%s)", start, SETTING);
        if (start > 1024)
            finding_set_way_out(f, "let the table send them to %ld and higher ones", start);
    }
}

static void check_user(struct visit *v, struct finding *f)
{
    unsigned uid = geteuid();

    (void)v;
    switch (privilege_to_bind()) {
    case PRIVILEGE_ROOT:
        finding_set(f, FINDING_NOTE, "root already may bind privileged ports");
        finding_set_way_out(f, "you do not need remap");
        break;
    case PRIVILEGE_AMBIENT:
        finding_set(f, FINDING_NOTE, "already may bind privileged ports (CAP_NET_BIND_SERVICE)");
        finding_set_way_out(f, "you do not need remap");
        break;
    case PRIVILEGE_ELSEWHERE:
        finding_set(f, FINDING_OK,
                    "root of a user namespace may not bind privileged ports of the"
                    " network outside of it");
        break;
    case PRIVILEGE_NONE:
        finding_set(f, FINDING_OK, "user %u may not bind privileged ports", uid);
        break;
    }
}

static void check_notify(struct visit *v, struct finding *f)
{
    const struct support *s = &v->support;
    static const char TITLE[] = "the engine for static, Go and musl programs";
    char problem[256];
    struct text text, way_out = finding_way_out(f);

    if (support_find(&v->support)) {
        finding_set(f, s->wait_killable ? FINDING_OK : FINDING_NOTE, "%s can be had%s%s", TITLE,
                    s->wait_killable ? ""
                                     : "; signals end its calls with EINTR (before Linux 5.19)",
                    s->sync_wake_up ? "" : "; its calls are slow (before Linux 6.6)");
        return;
    }
    text_init(&text, problem, sizeof(problem));
    support_text(s, &text);
    finding_set(f, FINDING_NOTE, "%s cannot be had: %s", TITLE, problem);
    support_way_out(s, &way_out);
}

static void check_yama(struct visit *v, struct finding *f)
{
    static const char SETTING[] = "kernel.yama.ptrace_scope";
    int scope = v->support.yama;

    if (scope < 0)
        finding_set(f, FINDING_OK, "not in this kernel");
    else if (scope < 2)
        finding_set(f, FINDING_OK, "leaves the notify engine alone (%s is %d)", SETTING, scope);
    else
        finding_set(f, FINDING_NOTE, "%s is %d, for which the notify engine needs CAP_SYS_PTRACE%s",
                    SETTING, scope, scope > 2 ? ", and that is not enough" : "");
}

/* The setting is there since Linux 6.6. */
static void check_io_uring(struct visit *v, struct finding *f)
{
    long disabled = read_setting("/proc/sys/kernel/io_uring_disabled", 0);

    (void)v;
    if (disabled >= 2) {
        finding_set(f, FINDING_OK, "is off (kernel.io_uring_disabled is %ld)", disabled);
        return;
    }
    finding_set(f, FINDING_NOTE, "%s what binds or connects by it, no engine catches",
                disabled == 0 ? "is on:" : "is on for some:");
    finding_set_way_out(f, "have servers that use it do without, or sysctl"
                           " kernel.io_uring_disabled=2");
}

static const struct {
    const char *name;
    void (*look)(struct visit *v, struct finding *f);
} CHECKS[] = {
    {"library", check_library}, {"table", check_table},       {"registry", check_registry},
    {"ports", check_ports},     {"user", check_user},         {"notify", check_notify},
    {"yama", check_yama},       {"io_uring", check_io_uring},
};

/* ---- the command ---- */

static void tell_files(struct visit *v, struct findings *all)
{
    const struct program *p = &v->program;
    size_t whole = p->state == PROGRAM_FOUND ? p->count : p->count - 1;

    for (size_t i = 0; i < whole; i++) {
        struct finding *f = finding_add(all, "command");
        struct text text = finding_text(f);
        program_file_text(&p->file[i], &text);
        if (p->file[i].privilege.is_ignored) {
            f->state = FINDING_NOTE;
            text_string(&text, "; its set-user-ID or set-group-ID bit or file capabilities have no"
                               " effect here");
        }
    }
    if (p->state == PROGRAM_FOUND)
        return;
    struct finding *f = finding_add(all, "command");
    struct text text = finding_text(f), way_out = finding_way_out(f);
    f->state = FINDING_PROBLEM;
    program_fault_text(p, &text);
    program_fault_way_out(p, &way_out);
}

static const char *const ENGINES[] = {
    [PROGRAM_PRELOAD] = "preload",
    [PROGRAM_NOTIFY] = "notify",
    [PROGRAM_NEITHER] = "none",
};

static void tell_engine(struct visit *v, struct findings *all)
{
    struct finding *f = finding_add(all, "engine");
    struct text text = finding_text(f), way_out = finding_way_out(f);

    text_string(&text, ENGINES[v->verdict.engine]);
    text_string(&text, ": ");
    program_reason_text(&v->verdict, &text);
    if (v->verdict.engine == PROGRAM_NEITHER) {
        f->state = FINDING_PROBLEM;
        program_way_out(&v->verdict, &way_out);
    } else if (v->verdict.engine == PROGRAM_NOTIFY && v->support.lack != SUPPORT_COMPLETE) {
        f->state = FINDING_PROBLEM;
        text_string(&text, "; and ");
        support_text(&v->support, &text);
        support_way_out(&v->support, &way_out);
    } else if (v->verdict.engine == PROGRAM_PRELOAD && v->verdict.reason != PROGRAM_IS_DYNAMIC) {
        f->state = FINDING_NOTE;
        program_way_out(&v->verdict, &way_out);
    }
}

/* What cannot be had with an engine. */
static const struct {
    enum program_engine engine;
    const char *text, *way_out;
} LIMITS[] = {
    {PROGRAM_PRELOAD, "system calls without libc pass the library by",
     "for programs that make them, take --engine notify"},
    {PROGRAM_NOTIFY,
     "a server is told the actual port of a client on this host that has bound one, by accept and"
     " recvfrom",
     ""},
    {PROGRAM_NOTIFY, "datagrams to an address, without connect, go to it as it is",
     "for such a client, take --datagrams: each then takes some 10 us longer"},
};

static void tell_limits(enum program_engine engine, struct findings *all)
{
    for (size_t i = 0; i < sizeof(LIMITS) / sizeof(LIMITS[0]); i++) {
        if (LIMITS[i].engine != engine)
            continue;
        struct finding *f = finding_add(all, "limits");
        finding_set(f, FINDING_NOTE, "%s", LIMITS[i].text);
        finding_set_way_out(f, "%s", LIMITS[i].way_out);
    }
}

/* ---- the visit ---- */

static void look(const char *command, struct visit *v, struct findings *all)
{
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++)
        CHECKS[i].look(v, finding_add(all, CHECKS[i].name));
    v->verdict.engine = PROGRAM_NEITHER;
    if (command == NULL)
        return;
    bool is_there = program_look(command, &v->program);
    tell_files(v, all);
    if (!is_there)
        return;
    v->verdict = program_engine(&v->program);
    tell_engine(v, all);
    tell_limits(v->verdict.engine, all);
}

/* As 'remap run' would end, where it would not come to run the command. */
static int status_of(const char *command, const struct visit *v, const struct findings *all)
{
    bool is_about_command = command != NULL && v->program.count == 1;

    if (!v->has_config)
        return STATUS_BAD_TABLE;
    if (is_about_command && v->program.state == PROGRAM_MISSING)
        return STATUS_NOT_FOUND;
    if (is_about_command && v->program.state == PROGRAM_DENIED)
        return STATUS_CANNOT_RUN;
    return finding_worst(all) == FINDING_PROBLEM ? STATUS_NO : STATUS_OK;
}

enum { OPTION_JSON = 256 };

static int doctor_main(const struct command *self, int argc, char **argv)
{
    static const struct option long_options[] = {{"json", no_argument, NULL, OPTION_JSON},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    static struct findings all;
    static struct visit visit;
    bool is_json = false;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:h", long_options, NULL)) != -1) {
        if (option == 'h')
            return help_print(self);
        if (option != OPTION_JSON)
            return message_bad_option(self, option, argv);
        is_json = true;
    }
    const char *command = argv[optind]; /* NULL where there is none */
    look(command, &visit, &all);
    int status = status_of(command, &visit, &all);
    if (!is_json) {
        finding_print(&all);
        return status;
    }
    bool is_caught = visit.verdict.engine != PROGRAM_NEITHER;
    if (finding_print_json(&all, status == STATUS_OK,
                           is_caught ? ENGINES[visit.verdict.engine] : NULL))
        return status;
    message_print("the findings cannot be written: see the memory, and where the output goes");
    return STATUS_UNAVAILABLE;
}

const struct command doctor_command = {
    .name = "doctor",
    .arguments = "[--json] [COMMAND [ARGUMENT]...]",
    .summary = "Tells whether it will work here, and for a command",
    .details = "      --json  as JSON: an object with works, engine and findings\n"
               "  -h, --help  this text\n"
               "\n"
               "A line for each finding: ok, note (good to know) or problem; what it is about,\n"
               "what was found, and the way out. Starts nothing, and leaves nothing behind.\n"
               "Exits with 0 if it will work, 1 if not; 64 usage, 78 bad table, 126 the command\n"
               "cannot be run, 127 there is none of that name.\n",
    .main = doctor_main,
};
