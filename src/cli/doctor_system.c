#include "cli/doctor_system.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/install_paths.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "linux/procfs.h"
#include "program/privilege.h"
#include "registry/store.h"

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
        finding_set(f, FINDING_PROBLEM, "cannot be tested: %s", strerror(errno));
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
    if (problem[0] == '\0')
        return;
    finding_set(f, FINDING_PROBLEM, "the loader rejects it: %s", problem);
    finding_set_way_out(f, "use the library that was built for this system");
}

static void check_library(struct doctor_system *s, struct finding *f)
{
    char path[PATH_MAX], problem[PATH_MAX + 128];
    struct text text;

    (void)s;
    text_init(&text, problem, sizeof(problem));
    message_capture(&text);
    bool is_found = install_paths_library(path);
    message_capture(NULL);
    if (!is_found) {
        finding_take_message(f, problem);
        return;
    }
    finding_set(f, FINDING_OK, "%s", path);
    try_to_load(path, f);
}

static void check_table(struct doctor_system *s, struct finding *f)
{
    static const struct rules none;
    static char problem[DIAG_TEXT_MAX];
    struct text text;

    text_init(&text, problem, sizeof(problem));
    message_capture(&text);
    s->has_config = rules_load(&none, &s->config);
    message_capture(NULL);
    if (!s->has_config) {
        finding_take_message(f, problem);
        return;
    }
    const char *rules = output_table(&s->config.table, ',');
    if (s->config.table.count == 0) {
        finding_set(f, FINDING_NOTE, "%s has no rules, so nothing is remapped", s->config.source);
        finding_set_way_out(f, "add rules, such as 80=8080");
    } else if (strlen(rules) <= 60) {
        finding_set(f, FINDING_OK, "%s: %s", s->config.source, rules);
    } else {
        finding_set(f, FINDING_OK, "%s: %zu rules", s->config.source, s->config.table.count);
    }
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
static void check_registry(struct doctor_system *s, struct finding *f)
{
    static char other[STORE_DEFAULT_MAX], message[CONFIG_PATH_MAX + 128];
    const struct config *config = &s->config;
    const char *folder = config->state[0] != '\0' ? config->state : store_default_folder(other);

    if (!s->has_config) {
        finding_set(f, FINDING_NOTE, "not checked, since a setting is invalid");
        return;
    }
    if (config->state_off) {
        finding_set(f, FINDING_NOTE, "off: only child processes see remapped ports");
        finding_set_way_out(f, "unset REMAP_STATE for 'remap ps' and other clients");
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
    f->state = FINDING_NOTE; /* the library works without */
}

/* ---- this system and this user ---- */

static void check_ports(struct doctor_system *s, struct finding *f)
{
    static const char SETTING[] = "net.ipv4.ip_unprivileged_port_start";
    long start = (long)procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", 1024);

    (void)s;
    if (start <= 1) {
        finding_set(f, FINDING_NOTE, "any user can bind any port here (%s is %ld)", SETTING, start);
        finding_set_way_out(f, "you do not need remap");
    } else if (start < 1024) {
        finding_set(f, FINDING_NOTE, "any user can bind ports from %ld up here (%s)", start,
                    SETTING);
        finding_set_way_out(f, "you do not need remap for these");
    } else {
        finding_set(f, start > 1024 ? FINDING_NOTE : FINDING_OK,
                    "ports below %ld are privileged (%s)", start, SETTING);
        if (start > 1024)
            finding_set_way_out(f, "choose targets from %ld up", start);
    }
}

static void check_user(struct doctor_system *s, struct finding *f)
{
    unsigned uid = geteuid();

    (void)s;
    switch (privilege_to_bind()) {
    case PRIVILEGE_ROOT:
        finding_set(f, FINDING_NOTE, "root can bind privileged ports");
        finding_set_way_out(f, "you do not need remap");
        break;
    case PRIVILEGE_AMBIENT:
        finding_set(f, FINDING_NOTE, "this user can bind privileged ports (CAP_NET_BIND_SERVICE)");
        finding_set_way_out(f, "you do not need remap");
        break;
    case PRIVILEGE_ELSEWHERE:
        finding_set(f, FINDING_OK,
                    "root of a user namespace cannot bind privileged ports of the outer network");
        break;
    case PRIVILEGE_NONE:
        finding_set(f, FINDING_OK, "user %u cannot bind privileged ports", uid);
        break;
    }
}

static void check_notify(struct doctor_system *s, struct finding *f)
{
    static const char SUBJECT[] = "the engine for static, Go and musl programs";
    const struct support *support = &s->support;
    struct text text = finding_text(f), way_out = finding_way_out(f);

    text_string(&text, SUBJECT);
    if (support_find(&s->support)) {
        text_string(&text, " is available");
        if (!support->wait_killable)
            text_string(&text, "; signals end its calls with EINTR (before Linux 5.19)");
        if (!support->sync_wake_up)
            text_string(&text, "; its calls are slow (before Linux 6.6)");
        f->state = support->wait_killable ? FINDING_OK : FINDING_NOTE;
    } else {
        text_string(&text, " is not available: ");
        support_text(support, &text);
        support_way_out(support, &way_out);
        f->state = FINDING_NOTE;
    }
}

static void check_yama(struct doctor_system *s, struct finding *f)
{
    static const char SETTING[] = "kernel.yama.ptrace_scope";
    int scope = s->support.yama;

    if (scope < 0)
        finding_set(f, FINDING_OK, "not in this kernel");
    else if (scope < 2)
        finding_set(f, FINDING_OK, "does not restrict the notify engine (%s is %d)", SETTING,
                    scope);
    else
        finding_set(f, FINDING_NOTE, "%s is %d: the notify engine %s", SETTING, scope,
                    scope > 2 ? "is not available" : "needs CAP_SYS_PTRACE");
}

/* Linux 6.6 introduced the setting. */
static void check_io_uring(struct doctor_system *s, struct finding *f)
{
    long disabled = (long)procfs_setting("/proc/sys/kernel/io_uring_disabled", 0);

    (void)s;
    if (disabled >= 2) {
        finding_set(f, FINDING_OK, "off (kernel.io_uring_disabled is %ld)", disabled);
        return;
    }
    finding_set(f, FINDING_NOTE, "on%s: no engine catches its binds and connections",
                disabled == 0 ? "" : " for some users");
    finding_set_way_out(f, "configure servers not to use it, or sysctl kernel.io_uring_disabled=2");
}

static const struct {
    const char *name;
    void (*check)(struct doctor_system *s, struct finding *f);
} CHECKS[] = {
    {"library", check_library}, {"table", check_table},       {"registry", check_registry},
    {"ports", check_ports},     {"user", check_user},         {"notify", check_notify},
    {"yama", check_yama},       {"io_uring", check_io_uring},
};

void doctor_system_check(struct doctor_system *s, struct findings *all)
{
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++)
        CHECKS[i].check(s, finding_add(all, CHECKS[i].name));
}
