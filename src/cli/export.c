/* remap export: the table for other programs. */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/install_paths.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/remapped.h"
#include "cli/rules.h"
#include "export/firewall.h"
#include "linux/netns.h"
#include "linux/sock_diag.h"

static const struct format *const FORMATS[] = {&nft_format, &iptables_format,
                                               &systemd_redirect_format, NULL};

/* Limits of names of interfaces and users (IFNAMSIZ, useradd(8)). */
enum { INTERFACE_MAX = 15, USER_MAX = 32 };

/* The group of a number that belongs to no user. */
enum { NOGROUP = 65534 };

static struct {
    struct rules rules;
    struct option_words interfaces;
    struct format_options format;
    bool is_list;
} options = {.rules.is_strict = true};

/* ---- names ---- */

/* Returns whether a word needs no quotes in a rule, in a unit and on a command line. */
static bool is_name(const char *word, size_t max)
{
    if (*word == '\0' || *word == '-' || strlen(word) > max)
        return false;
    for (; *word != '\0'; word++) {
        if (!isalnum((unsigned char)*word) && strchr("_.@:-", *word) == NULL)
            return false;
    }
    return true;
}

/* A leading zero would make a number of another base. */
static void check_user(const char *word)
{
    if (word != NULL && (!is_name(word, USER_MAX) || (word[0] == '0' && word[1] != '\0')))
        message_die(STATUS_USAGE, "'%s' cannot be the name of a user", word);
}

/* Copies the interfaces, each once. */
static void take_interfaces(struct format_options *o)
{
    for (size_t i = 0; i < options.interfaces.count; i++) {
        const char *word = options.interfaces.word[i];
        size_t known = 0;
        if (!is_name(word, INTERFACE_MAX))
            message_die(STATUS_USAGE, "'%s' cannot be the name of an interface", word);
        while (known < o->interfaces && strcmp(o->interface[known], word) != 0)
            known++;
        if (known == o->interfaces)
            o->interface[o->interfaces++] = word;
    }
    if (!firewall_fits(o))
        message_die(STATUS_USAGE, "too many interfaces");
}

/* ---- users ---- */

/*
 * Returns the number of a user, and stores that of its group unless `gid` is NULL. There need not
 * be a user of a number. If there is none of a name, ends the program with `status`.
 */
static uid_t find_user(const char *user, gid_t *gid, int status)
{
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    bool is_number = *user >= '0' && *user <= '9' && *end == '\0' && number < UINT32_MAX;
    const struct passwd *entry = getpwnam(user);

    if (entry == NULL && is_number)
        entry = getpwuid((uid_t)number);
    if (entry == NULL && !is_number)
        message_die(status, "there is no user '%s': see 'getent passwd'", user);
    if (gid != NULL)
        *gid = entry != NULL ? entry->pw_gid : NOGROUP;
    return entry != NULL ? entry->pw_uid : (uid_t)number;
}

/*
 * Changes to the user of that name or number permanently, with the environment that locates its
 * registry. Returns its number.
 */
static uid_t become_user(const char *user)
{
    char folder[64];
    gid_t gid;
    uid_t uid = find_user(user, &gid, STATUS_UNAVAILABLE);

    if (uid == geteuid())
        return uid;
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        message_die(STATUS_UNAVAILABLE, "cannot read the registry of '%s': %s: do it as root", user,
                    strerror(errno));
    snprintf(folder, sizeof(folder), "/run/user/%u", uid);
    if (access(folder, F_OK) == 0)
        setenv("XDG_RUNTIME_DIR", folder, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
    return uid;
}

/* Sets the owner's number, and the user that has the running servers. */
static void find_users(struct format_options *o)
{
    const char *caller = getenv("SUDO_UID");

    if (o->owner != NULL)
        o->owner_id = find_user(o->owner, NULL, STATUS_USAGE);
    if (o->user == NULL)
        o->user = o->owner;
    if (o->user == NULL && geteuid() == 0 && caller != NULL && is_name(caller, USER_MAX))
        o->user = caller;
}

/* ---- rules that are put up at once ---- */

/* What to tell of a rule. */
static const char *const NOTES[] = {
    [REDIRECT_KEEP] = "is not redirected: it keeps its ports",
    [REDIRECT_DENY] = "is not redirected: it denies its ports",
    [REDIRECT_SCTP] = "is not redirected: write rules for tcp and udp",
    [REDIRECT_NO_SERVER] = "is not redirected, because no server is running on its ports: start "
                           "the server, and name its user with --user",
    [REDIRECT_FIRST] = "has no running server, so its first port is used: start the server, and "
                       "name its user with --user",
    [REDIRECT_LOOPBACK] = "goes to a loopback address, which other hosts cannot reach: use "
                          "another address, or --local for this host alone",
    [REDIRECT_PRIVILEGED] = NULL, /* an error */
};

static const char LOCAL_NOTE[] =
    "goes to a loopback address, so it is redirected for this host alone";

static void print_notes(const struct redirect *r, const struct table *t, bool is_local)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        const char *text =
            r->note[i] == REDIRECT_LOOPBACK && is_local ? LOCAL_NOTE : NOTES[r->note[i]];
        if (text != NULL)
            message_print("rule %zu (%s) %s", i + 1, output_rule(&t->rule[i], buf), text);
    }
}

static void check_targets(const struct redirect *r, const struct table *t)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        if (r->note[i] == REDIRECT_PRIVILEGED)
            message_die(STATUS_BAD_TABLE,
                        "rule %zu (%s) goes to a privileged port, which needs no redirect: use "
                        "a port from 1024 up",
                        i + 1, output_rule(&t->rule[i], buf));
    }
}

/* Warns of servers that listen on a port that is redirected: other hosts cannot reach them then. */
static void warn_of_servers(const struct redirect *r)
{
    static const struct endpoint all = {.proto = PROTO_ANY};
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    char buf[RULE_TEXT_MAX];

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, netns_own(), &all);
    while (sock_diag_next(&dump, &socket)) {
        struct endpoint v4 = socket.local;
        v4.addr.family = AF_INET;
        bool is_dual = addr_is_wildcard(&socket.local.addr) && !socket.v6only;
        if (socket.listens && !addr_is_loopback(&socket.local.addr) &&
            (redirect_takes(r, &socket.local) || (is_dual && redirect_takes(r, &v4))))
            message_print("warning: a server has %s itself, and other hosts cannot reach it while "
                          "that port is redirected: put %u=keep first in the table to keep it",
                          output_endpoint(&socket.local, buf), socket.local.port);
    }
    sock_diag_end(&dump);
}

static bool leaves_a_choice(const struct table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->rule[i].target == RULE_AUTO || t->rule[i].target == RULE_POOL)
            return true;
    }
    return false;
}

/* Each registry counts for itself, so the time comes first. */
static uint64_t order_of(const struct registry_entry *e)
{
    return (uint64_t)e->since << 32 | e->order;
}

/*
 * Lists the running servers of the user of the options, malloc'ed, and stores their number. Each
 * user can write to a registry of its own, so a socket must be that user's, too.
 */
static struct redirect_live *find_servers(const struct format_options *o, size_t *count)
{
    struct remapped_list all;
    uid_t uid = o->user != NULL ? become_user(o->user) : 0;

    remapped_find(o->run, false, &all);
    struct redirect_live *list = memory_check(calloc(all.count + 1, sizeof(*list)));
    for (size_t i = 0; i < all.count; i++) {
        const struct remapped *live = &all.list[i];
        if (live->listens && (o->user == NULL || live->uid == uid))
            list[(*count)++] = (struct redirect_live){live->entry.asked, live->entry.actual,
                                                      live->v6only, order_of(&live->entry)};
    }
    free(all.list);
    return list;
}

/* ---- formats ---- */

/* Prints a unit that runs remap-redirect: users and servers are looked up then. */
static void print_unit(const struct format *format, struct format_input *in, struct redirect *r)
{
    static char helper[PATH_MAX];

    install_paths_helper(helper);
    if (strpbrk(helper, " \t\n\\\"'") != NULL)
        message_die(STATUS_UNAVAILABLE,
                    "systemd cannot run '%s': move it to a path without blanks and quotes", helper);
    in->helper = helper;
    if (!redirect_make(r, in->table, NULL, 0))
        memory_is_out();
    check_targets(r, in->table);
    format->print(in, stdout);
}

static void print_rules(const struct format *format, struct format_input *in, struct redirect *r,
                        struct format_options *o)
{
    CLEANUP_FREE struct redirect_live *live = NULL;
    size_t live_count = 0;

    if (o->backend != NULL)
        message_die(STATUS_USAGE, "the format %s has no option --backend", format->name);
    find_users(o);
    if (leaves_a_choice(in->table))
        live = find_servers(o, &live_count);
    if (!redirect_make(r, in->table, live, live_count))
        memory_is_out();
    check_targets(r, in->table);
    print_notes(r, in->table, o->is_local);
    if (r->count == 0)
        message_die(STATUS_NO, "no rule of the table can be redirected");
    warn_of_servers(r);
    format->print(in, stdout);
}

static int print_list(void)
{
    for (size_t i = 0; FORMATS[i] != NULL; i++)
        printf("%-17s %s\n", FORMATS[i]->name, FORMATS[i]->summary);
    return STATUS_OK;
}

static const char *nearest_format(const char *name)
{
    const char *names[sizeof(FORMATS) / sizeof(FORMATS[0])] = {NULL};

    for (size_t i = 0; FORMATS[i] != NULL; i++)
        names[i] = FORMATS[i]->name;
    return nearest_word(name, names, sizeof(names) / sizeof(names[0]));
}

static const struct format *find_format(const char *name)
{
    if (name == NULL)
        message_die(STATUS_USAGE, "missing argument: see 'remap help export'");
    for (size_t i = 0; FORMATS[i] != NULL; i++) {
        if (strcmp(FORMATS[i]->name, name) == 0)
            return FORMATS[i];
    }
    const char *nearest = nearest_format(name);
    if (nearest != NULL)
        message_die(STATUS_USAGE, "unknown format '%s': did you mean '%s'?", name, nearest);
    message_die(STATUS_USAGE, "unknown format '%s': see 'remap export --list'", name);
}

static void complete_formats(const char *run)
{
    (void)run;
    for (size_t i = 0; FORMATS[i] != NULL; i++)
        complete_word(FORMATS[i]->name, FORMATS[i]->summary);
}

/* ---- the command ---- */

static int export_main(int argc, char **argv)
{
    static struct config config;
    static struct redirect r;
    struct format_options *o = &options.format;
    struct format_input in = {&config.table, &r, o, NULL};

    if (options.is_list)
        return print_list();
    const struct format *format = find_format(argc > 1 ? argv[1] : NULL);
    check_user(o->user);
    check_user(o->owner);
    take_interfaces(o);
    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    o->is_given = options.rules.given;
    if (format->is_unit)
        print_unit(format, &in, &r);
    else
        print_rules(format, &in, &r, o);
    redirect_free(&r);
    return STATUS_OK;
}

static const struct option_spec OPTIONS[] = {
    OPTION_RULES_AND_FILE(&options.rules),
    {"local", 0, NULL, OPTION_FLAG, &options.format.is_local, "connections of this host, too"},
    {"interface", 0, "INTERFACE", OPTION_WORDS, &options.interfaces, "only what comes in by it"},
    {"owner", 0, "USER", OPTION_USER, &options.format.owner, "only USER may answer"},
    {"hide", 0, NULL, OPTION_FLAG, &options.format.is_hidden,
     "other hosts cannot use the actual ports"},
    {"user", 0, "USER", OPTION_USER, &options.format.user,
     "auto: the ports of USER's running servers"},
    {"name", 0, "RUN", OPTION_RUN, &options.format.run, "auto: of one run only"},
    {"backend", 0, "nft|iptables|iptables-nft|iptables-legacy", OPTION_CHOICE,
     &options.format.backend, "of systemd-redirect"},
    {"list", 0, NULL, OPTION_FLAG, &options.is_list, "list the formats"},
    {0},
};

const struct command export_command = {
    .name = "export",
    .arguments = "FORMAT",
    .summary = "Print the table for other programs",
    .details =
        "A file of rules that others may write is refused, and so is a privileged target.\n"
        "Exit status: 0; 1 no rule can be redirected, 64 usage, 69 something is not available,\n"
        "78 the table is invalid.\n",
    .options = OPTIONS,
    .max_operands = 1,
    .complete = complete_formats,
    .main = export_main,
};
