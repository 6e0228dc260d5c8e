/*
 * remap grant: lets the processes in a cgroup bind privileged ports (linux/cgroup_grant.h).
 *
 * A lock is held while grants change. What a killed command leaves is removed by the next one: a cgroup
 * that was made for a command and has no process, and programs without the attribute.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/cgroups.h"
#include "cli/command.h"
#include "cli/grant_list.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/start.h"
#include "cli/user.h"
#include "linux/cgroup.h"
#include "linux/cgroup_grant.h"
#include "linux/procfs.h"
#include "notify/fd.h"

static struct {
    const char *user, *unit, *slice, *cgroup;
    bool is_list, is_json, is_revoke, is_all;
} options;

/* What is granted: the ports, also as text, and the programs. */
static struct table ports;
static char ports_text[TABLE_TEXT_MAX];
static struct cgroup_grant grant;

/* ---- ports ---- */

static void check_port(const struct rule *rule)
{
    enum { USUAL_START = 1024 };
    uint64_t start = procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", USUAL_START);
    char buf[RULE_TEXT_MAX];

    if (rule->proto == PROTO_SCTP)
        message_die(STATUS_BAD_TABLE,
                    "'%s' cannot be granted: the kernel asks no program about SCTP",
                    output_asked(rule, buf));
    if (rule->first >= USUAL_START && rule->first >= start)
        message_die(STATUS_BAD_TABLE, "'%s' needs no grant: every user may bind it",
                    output_asked(rule, buf));
}

static void read_ports(const char *words)
{
    struct source source = {.name = "ports", .text = words, .size = strlen(words)};
    struct text text;
    struct diag d;

    if (!table_parse_asked(&ports, &source, &d)) {
        message_diag(&d);
        exit(STATUS_BAD_TABLE);
    }
    if (ports.count == 0)
        message_die(STATUS_BAD_TABLE, "there are no ports to grant: name some, such as 80,443");
    for (size_t i = 0; i < ports.count; i++)
        check_port(&ports.rule[i]);
    text_init(&text, ports_text, sizeof(ports_text));
    table_format_asked(&ports, &text);
}

/* ---- programs ---- */

static const char *last_line(char *log)
{
    size_t size = strlen(log);

    while (size > 0 && log[size - 1] == '\n')
        log[--size] = '\0';
    const char *newline = strrchr(log, '\n');
    return newline != NULL ? newline + 1 : log;
}

/* Loads them, or says why the kernel does not. */
static void load(void)
{
    static char log[CGROUP_GRANT_LOG_SIZE]; /* of the kernel's verifier */

    if (cgroup_grant_load(&grant, &ports, log))
        return;
    if (errno == EPERM)
        message_die(STATUS_UNAVAILABLE, "root may not load BPF programs here: grant the ports "
                                        "outside of the container");
    if (log[0] == '\0')
        message_die(STATUS_UNAVAILABLE,
                    "the kernel has no BPF programs for cgroups (%s): use Linux 5.12 or later, "
                    "built with CONFIG_CGROUP_BPF",
                    strerror(errno));
    message_die(STATUS_UNAVAILABLE,
                "the kernel rejects the program for these ports (%s): use Linux 5.12 or later",
                last_line(log));
}

/* ---- a cgroup ---- */

static int held = -1; /* the lock; it ends when this descriptor is closed */

/* Waits for other commands that change grants. Users cannot lock a file that they cannot read. */
static void lock(void)
{
    static const char FILE_NAME[] = "/run/remap-grant.lock";

    held = open(FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (held < 0 || flock(held, LOCK_EX) != 0)
        message_die(STATUS_UNAVAILABLE, "cannot lock %s: %s", FILE_NAME, strerror(errno));
}

static int open_cgroup(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void set(int cgroup, const char *path)
{
    if (cgroup >= 0 && cgroup_grant_set(cgroup, &grant, ports_text))
        return;
    if (errno == EPERM)
        message_die(STATUS_UNAVAILABLE,
                    "cannot grant ports to the cgroup %s: a program there or above it allows no "
                    "other",
                    cgroups_name(path));
    message_die(STATUS_UNAVAILABLE, "cannot grant ports to the cgroup %s: %s", cgroups_name(path),
                strerror(errno));
}

/* ---- what killed commands have left ---- */

/* Removes the cgroup of a command, unless there are processes in it, or one that waits for them. */
static bool remove_orphan(const char *path, int cgroup)
{
    return cgroups_is_new(path) && flock(cgroup, LOCK_EX | LOCK_NB) == 0 && rmdir(path) == 0;
}

static bool sweep(const char *path, void *data)
{
    static char text[TABLE_TEXT_MAX];
    FD_OWNER int cgroup = open_cgroup(path);

    (void)data;
    if (remove_orphan(path, cgroup))
        return false;
    if (cgroup >= 0 && !cgroup_grant_read(path, text))
        cgroup_grant_revoke(cgroup);
    return true;
}

static void begin(void)
{
    lock();
    cgroups_walk(sweep, NULL);
}

/* ---- a command ---- */

static char *made; /* the cgroup of the command */

static int make(void)
{
    made = cgroups_new();
    int cgroup = mkdtemp(made) != NULL ? open_cgroup(made) : -1;
    if (cgroup < 0 || fchmod(cgroup, 0755) != 0)
        message_die(STATUS_UNAVAILABLE, "cannot make the cgroup %s: %s", cgroups_name(made),
                    strerror(errno));
    return cgroup;
}

/*
 * In a process of its own. The lock is free when the command is in the cgroup. That of the folder
 * tells others that this process waits.
 */
static void remove_when_empty(void)
{
    int none;

    fd_close_others(&none, 0);
    lock();
    FD_OWNER int cgroup = open_cgroup(made);
    (void)flock(cgroup, LOCK_SH);
    fd_close(&held);
    cgroup_wait_until_empty(made);
    rmdir(made);
}

/* The user that the command gets: that of --user, or the one that became root by sudo or doas. */
static const char *find_user(void)
{
    const char *const callers[] = {options.user, getenv("SUDO_UID"), getenv("DOAS_USER")};

    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
        if (callers[i] != NULL)
            return callers[i];
    }
    return NULL;
}

/* Makes the cgroup, and moves this process into it. */
static void enter_new(void)
{
    FD_OWNER int cgroup = make();

    if (!background_start("remap-grant", remove_when_empty))
        message_die(STATUS_UNAVAILABLE, "cannot start a process: %s", strerror(errno));
    set(cgroup, made);
    if (!cgroup_enter(cgroup))
        message_die(STATUS_UNAVAILABLE, "cannot enter the cgroup %s: %s", cgroups_name(made),
                    strerror(errno));
}

static int run(char **command)
{
    const char *name = find_user();
    struct user user = name != NULL ? user_find(name, STATUS_USAGE) : (struct user){0};

    begin();
    enter_new();
    fd_close(&held);
    if (name != NULL && !user_become(&user))
        message_die(STATUS_UNAVAILABLE, "cannot become the user '%s': %s", name, strerror(errno));
    if (name != NULL)
        user_set_environment(&user);
    return start_exec(&(struct start){.argv = command});
}

/* ---- a cgroup that is there ---- */

/* Returns the path of the cgroup that is named. */
static const char *find_cgroup(void)
{
    return options.unit != NULL    ? cgroups_find_unit(options.unit, ".service")
           : options.slice != NULL ? cgroups_find_unit(options.slice, ".slice")
                                   : cgroups_find(options.cgroup);
}

static int grant_to(const char *path)
{
    begin();
    FD_OWNER int cgroup = open_cgroup(path);
    set(cgroup, path);
    return STATUS_OK;
}

/* Counts the grants that it revokes. */
static bool revoke_one(const char *path, void *data)
{
    static char text[TABLE_TEXT_MAX];
    unsigned *count = data;
    FD_OWNER int cgroup = open_cgroup(path);

    if (cgroup < 0 || !cgroup_grant_read(path, text))
        return true;
    if (!cgroup_grant_revoke(cgroup))
        message_die(STATUS_UNAVAILABLE, "cannot revoke the grant of the cgroup %s: %s",
                    cgroups_name(path), strerror(errno));
    ++*count;
    return true;
}

static int revoke_named(void)
{
    unsigned count = 0;

    begin();
    if (options.is_all)
        cgroups_walk(revoke_one, &count);
    else
        revoke_one(find_cgroup(), &count);
    if (count > 0)
        return STATUS_OK;
    message_print("no ports are granted there: see 'remap grant --list'");
    return STATUS_NO;
}

/* ---- the arguments ---- */

/* Returns how many of the ways to name a cgroup are used. */
static int places(void)
{
    return (options.unit != NULL) + (options.slice != NULL) + (options.cgroup != NULL) +
           options.is_all;
}

static bool is_usage(int operands)
{
    bool has_command = operands > 1;

    if (options.is_list)
        return operands == 0 && places() == 0 && !options.is_revoke && options.user == NULL;
    if (options.is_json)
        return false;
    if (options.is_revoke)
        return operands == 0 && places() == 1 && options.user == NULL;
    return operands > 0 && places() + has_command == 1 && !options.is_all &&
           (has_command || options.user == NULL);
}

static int grant_main(int argc, char **argv)
{
    if (!is_usage(argc - 1))
        message_die(STATUS_USAGE, "these arguments do not fit together: see 'remap help grant'");
    if (options.is_list) {
        grant_list_print(options.is_json);
        return STATUS_OK;
    }
    if (!options.is_revoke)
        read_ports(argv[1]);
    if (geteuid() != 0)
        message_die(STATUS_UNAVAILABLE, "only root can grant ports: use sudo");
    if (options.is_revoke)
        return revoke_named();
    load();
    return places() > 0 ? grant_to(find_cgroup()) : run(argv + 2);
}

static const struct option_spec OPTIONS[] = {
    {"user", 'u', "USER", OPTION_USER, &options.user,
     "run COMMAND as USER (default: the one that called sudo)"},
    {"unit", 0, "UNIT", OPTION_WORD, &options.unit, "grant them to a running unit of systemd"},
    {"slice", 0, "SLICE", OPTION_WORD, &options.slice, "to a slice, such as user-1000.slice"},
    {"cgroup", 0, "PATH", OPTION_WORD, &options.cgroup, "to a cgroup"},
    {"list", 'l', NULL, OPTION_FLAG, &options.is_list, "list what is granted"},
    {"json", 0, NULL, OPTION_FLAG, &options.is_json,
     "with --list, print JSON: an array of objects"},
    {"revoke", 0, NULL, OPTION_FLAG, &options.is_revoke,
     "revoke the grant of --unit, --slice or --cgroup"},
    {"all", 0, NULL, OPTION_FLAG, &options.is_all, "with --revoke, all grants"},
    {0},
};

const struct command grant_command = {
    .name = "grant",
    .arguments = "PORTS [--] [COMMAND [ARGUMENT]...]",
    .summary = "Let a program bind real privileged ports (root)",
    .details = "PORTS are those that a rule names: 80,443, http, 20-21, udp/53, 127.0.0.1:25.\n"
               "COMMAND, and all that it starts, may bind them until the last of them has\n"
               "ended. Every user can use --list.\n"
               "Exit status: that of the command; 0; 1 nothing is revoked, 64 usage, 69 ports\n"
               "cannot be granted here, 78 invalid ports, 126 the command cannot be executed,\n"
               "127 it was not found.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .command_at = 2,
    .main = grant_main,
};
