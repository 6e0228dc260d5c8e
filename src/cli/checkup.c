#include "cli/checkup.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/library.h"
#include "cli/message.h"
#include "cli/rules.h"
#include "linux/procfs.h"
#include "program/privilege.h"
#include "registry/store.h"

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

static void check_library(struct checkup *c, struct finding *f)
{
    char path[PATH_MAX], problem[PATH_MAX + 128];
    struct text text;

    (void)c;
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

static void check_table(struct checkup *c, struct finding *f)
{
    static const struct rules none;
    static char problem[DIAG_TEXT_MAX], rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, problem, sizeof(problem));
    message_capture(&text);
    c->has_config = rules_load(&none, &c->config);
    message_capture(NULL);
    if (!c->has_config) {
        finding_take_message(f, problem);
        return;
    }
    text_init(&text, rules, sizeof(rules));
    table_format(&c->config.table, ',', &text);
    if (c->config.table.count == 0) {
        finding_set(f, FINDING_NOTE, "%s has no rules, and nothing is moved", c->config.source);
        finding_set_way_out(f, "write some, as 80=8080");
    } else if (text.used <= 60) {
        finding_set(f, FINDING_OK, "%s: %s", c->config.source, rules);
    } else {
        finding_set(f, FINDING_OK, "%s: %zu rules", c->config.source, c->config.table.count);
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
static void check_registry(struct checkup *c, struct finding *f)
{
    static char other[STORE_DEFAULT_MAX], message[CONFIG_PATH_MAX + 128];
    const struct config *config = &c->config;
    const char *folder = config->state[0] != '\0' ? config->state : store_default_folder(other);

    if (!c->has_config) {
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

static void check_ports(struct checkup *c, struct finding *f)
{
    static const char SETTING[] = "net.ipv4.ip_unprivileged_port_start";
    long start = (long)procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", 1024);

    (void)c;
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

static void check_user(struct checkup *c, struct finding *f)
{
    unsigned uid = geteuid();

    (void)c;
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

static void check_notify(struct checkup *c, struct finding *f)
{
    const struct support *s = &c->support;
    static const char TITLE[] = "the engine for static, Go and musl programs";
    char problem[256];
    struct text text, way_out = finding_way_out(f);

    if (support_find(&c->support)) {
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

static void check_yama(struct checkup *c, struct finding *f)
{
    static const char SETTING[] = "kernel.yama.ptrace_scope";
    int scope = c->support.yama;

    if (scope < 0)
        finding_set(f, FINDING_OK, "not in this kernel");
    else if (scope < 2)
        finding_set(f, FINDING_OK, "leaves the notify engine alone (%s is %d)", SETTING, scope);
    else
        finding_set(f, FINDING_NOTE, "%s is %d, for which the notify engine needs CAP_SYS_PTRACE%s",
                    SETTING, scope, scope > 2 ? ", and that is not enough" : "");
}

/* The setting is there since Linux 6.6. */
static void check_io_uring(struct checkup *c, struct finding *f)
{
    long disabled = (long)procfs_setting("/proc/sys/kernel/io_uring_disabled", 0);

    (void)c;
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
    void (*look)(struct checkup *c, struct finding *f);
} CHECKS[] = {
    {"library", check_library}, {"table", check_table},       {"registry", check_registry},
    {"ports", check_ports},     {"user", check_user},         {"notify", check_notify},
    {"yama", check_yama},       {"io_uring", check_io_uring},
};

void checkup_system(struct checkup *c, struct findings *all)
{
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++)
        CHECKS[i].look(c, finding_add(all, CHECKS[i].name));
}
