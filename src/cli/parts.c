#include "cli/parts.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/install_paths.h"
#include "cli/keeper.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "export/grant.h"
#include "linux/cgroup.h"
#include "linux/sys.h"
#include "program/privilege.h"
#include "registry/store.h"

struct parts parts;

/* ---- the library ---- */

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
        finding_set(f, FINDING_PROBLEM, "", "the library cannot be tested: %s", strerror(errno));
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
                    "the loader rejects the library: %s", problem);
}

void parts_check_library(struct finding *f)
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

/* ---- the table ---- */

/* Whether each rule with systemd has a socket, as 'remap run' would find out. */
static void find_sockets(struct finding *f)
{
    message_hold();
    bool is_complete = keeper_start(&parts.config.table, true) == STATUS_OK;
    const char *problem = message_release();
    if (!is_complete)
        finding_take_message(f, problem);
}

void parts_check_table(struct finding *f)
{
    static const struct rules none;

    message_hold();
    parts.has_config = rules_load(&none, &parts.config);
    const char *problem = message_release();
    if (!parts.has_config) {
        finding_take_message(f, problem);
        return;
    }
    const char *rules = output_table(&parts.config.table, ',');
    if (parts.config.table.count == 0)
        finding_set(f, FINDING_NOTE, "add rules, such as 80=8080",
                    "%s has no rules, so nothing is remapped", parts.config.source);
    else if (strlen(rules) <= 60)
        finding_set(f, FINDING_OK, "", "%s: %s", parts.config.source, rules);
    else
        finding_set(f, FINDING_OK, "", "%s: %zu rules", parts.config.source,
                    parts.config.table.count);
    find_sockets(f);
}

/* ---- the registry ---- */

/* Whether the file system of a folder has room for a registry. True also if that is not known. */
static bool has_room(const char *folder)
{
    struct statvfs fs;

    if (statvfs(folder, &fs) != 0)
        return true;
    bool has_inodes = fs.f_files == 0 || fs.f_favail > 0;
    return has_inodes && fs.f_bavail >= registry_size() / fs.f_frsize + 1;
}

/*
 * Returns why the folder of a registry cannot be used, or NULL; then parts.registry is what is in it,
 * if anything is. Does not create the folder.
 */
static const char *try_folder(const char *folder)
{
    const char *problem, *slash = strrchr(folder, '/');
    char above[CONFIG_PATH_MAX] = ".";

    parts.registry = store_find(folder, &problem);
    if (parts.registry != NULL || problem != NULL)
        return problem;
    bool is_there = access(folder, F_OK) == 0;
    if (slash != NULL)
        snprintf(above, sizeof(above), "%.*s", (int)(slash > folder ? slash - folder : 1), folder);
    if (!is_there && access(above, W_OK | X_OK) != 0)
        return "cannot be created: choose another in REMAP_STATE";
    return has_room(is_there ? folder : above)
               ? NULL
               : "has no room for a registry: free some space, or set another in REMAP_STATE";
}

/* Like the library, tries the default folder if the first one is implicit and cannot be used. */
void parts_check_registry(struct finding *f)
{
    static const char PRIVATE[] = "only child processes see remapped ports";
    static char other[STORE_DEFAULT_MAX], message[CONFIG_PATH_MAX + 256];
    const struct config *config = &parts.config;
    const char *folder = config->state[0] != '\0' ? config->state : store_default_folder(other);

    if (!parts.has_config) {
        finding_set(f, FINDING_NOTE, "", "the registry is not checked, since a setting is invalid");
        f->is_general = true;
        return;
    }
    if (config->state_off) {
        finding_set(f, FINDING_NOTE, "unset REMAP_STATE for 'remap ps' and other clients",
                    "%s, since REMAP_STATE is off", PRIVATE);
        return;
    }
    const char *problem = try_folder(folder);
    if (problem != NULL && !config->state_given && folder != other) {
        folder = store_default_folder(other);
        problem = try_folder(folder);
    }
    finding_set(f, FINDING_OK, "", "%s", folder);
    if (problem != NULL) {
        snprintf(message, sizeof(message), "%s: %s %s", PRIVATE, folder, problem);
        finding_take_message(f, message);
        f->state = FINDING_NOTE; /* the library works without */
    } else if (parts.registry != NULL && !has_room(folder)) {
        finding_set(f, FINDING_NOTE, "free some space, or set another in REMAP_STATE",
                    "%s has no room for the registry of a further run (--name)", folder);
    }
}

/* ---- the engine notify ---- */

void parts_check_notify(struct finding *f)
{
    bool is_available = support_find(&parts.support);

    text_string(&f->text, "the engine for static, Go and musl programs is ");
    text_string(&f->text, is_available ? "available" : "not available: ");
    if (!is_available) {
        support_text(&parts.support, &f->text);
        support_way_out(&parts.support, &f->way_out);
    } else {
        if (!parts.support.wait_killable)
            text_string(&f->text, "; signals end its calls with EINTR (before Linux 5.19)");
        if (!parts.support.sync_wake_up)
            text_string(&f->text, "; its calls are slow (before Linux 6.6)");
    }
    f->state = is_available && parts.support.wait_killable ? FINDING_OK : FINDING_NOTE;
}

/* ---- remap grant ---- */

/* Returns the first rule that keeps privileged ports, or NULL. */
static const struct rule *find_kept(void)
{
    const struct table *t = &parts.config.table;

    for (size_t i = 0; parts.has_config && i < t->count; i++) {
        if (t->rule[i].target == RULE_KEEP && t->rule[i].first < GRANT_END)
            return &t->rule[i];
    }
    return NULL;
}

void parts_check_grant(struct finding *f)
{
    const struct rule *kept = privilege_to_bind() == PRIVILEGE_NONE ? find_kept() : NULL;
    char mount[PATH_MAX], buf[RULE_TEXT_MAX];
    const char *lack = !sys_is_linux(5, 12)        ? "Linux 5.12 or later is needed"
                       : !cgroup_find_mount(mount) ? "cgroup v2 is not mounted"
                                                   : NULL;

    f->is_general = kept == NULL;
    if (lack != NULL)
        finding_set(f, FINDING_OK, "", "root cannot grant real ports here: %s", lack);
    else if (kept == NULL)
        finding_set(f, FINDING_OK, "", "root can grant real ports: sudo remap grant 80 COMMAND");
    else
        finding_set(f, FINDING_NOTE, "sudo remap grant PORTS COMMAND",
                    "rule '%s' keeps privileged ports, which this user cannot bind",
                    output_rule(kept, buf));
}
