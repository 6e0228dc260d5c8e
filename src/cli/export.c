/* remap export: the table in the words of other programs. */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/live.h"
#include "cli/message.h"
#include "cli/place.h"
#include "cli/rules.h"
#include "cli/show.h"
#include "cli/user.h"
#include "export/redirect.h"
#include "export/systemd.h"
#include "linux/netns.h"
#include "linux/sock_diag.h"

enum {
    OPTION_USER = 256,
    OPTION_NAME,
    /* Those of remap-redirect, which go into what starts it. */
    OPTION_BACKEND,
    OPTION_INTERFACE,
    OPTION_OWNER,
    OPTION_LOCAL,
    OPTION_HIDE,
};

static const struct option LONG_OPTIONS[] = {
    {"user", required_argument, NULL, OPTION_USER},
    {"name", required_argument, NULL, OPTION_NAME},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"interface", required_argument, NULL, OPTION_INTERFACE},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"local", no_argument, NULL, OPTION_LOCAL},
    {"hide", no_argument, NULL, OPTION_HIDE},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

enum { KEPT_MAX = 32 };

struct options {
    struct rules rules;
    const char *user;
    const char *run;
    struct systemd_option kept[KEPT_MAX]; /* those that remap-redirect has as well */
    size_t count;
    bool has_helper_only; /* one of them means nothing to export itself */
};

/* A format: `print` prints it, and returns a status. */
struct format {
    const char *name;
    const char *summary;
    int (*print)(const struct options *o, const struct config *config);
};

/* ---- redirect: the lines for remap-redirect ---- */

/* What is said of a rule; of others, nothing. */
static const char *const NOTES[] = {
    [REDIRECT_KEEP] = "is not redirected: it leaves its ports where they are",
    [REDIRECT_DENY] = "is not redirected: it refuses its ports, so that nobody is there",
    [REDIRECT_SCTP] = "is not redirected: write rules for tcp and udp",
    [REDIRECT_NOBODY] = "is not redirected, nobody lives on its ports: start the server, and name "
                        "its user with --user",
    [REDIRECT_FIRST] = "has nobody who lives on its ports, so its first port is taken: start the "
                       "server, and name its user with --user",
    [REDIRECT_LOOPBACK] = "goes to a loopback address, where the outside cannot be sent: use "
                          "another address, or --local for this host alone",
};

static void say_of_rules(const struct redirect *r, const struct table *t)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        if (r->note[i] < sizeof(NOTES) / sizeof(*NOTES) && NOTES[r->note[i]] != NULL)
            message_print("rule %zu (%s) %s", i + 1, show_rule(&t->rule[i], buf),
                          NOTES[r->note[i]]);
    }
}

/* False after a message. */
static bool check_targets(const struct redirect *r, const struct table *t)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        if (r->note[i] == REDIRECT_PRIVILEGED) {
            message_print("rule %zu (%s) goes to a privileged port, whose server needs no "
                          "redirect: choose a target from 1024 up",
                          i + 1, show_rule(&t->rule[i], buf));
            return false;
        }
    }
    return true;
}

/* Warns of servers that really have a port, which the outside will not reach any more. */
static void warn_of_servers(const struct redirect *r)
{
    static const struct endpoint all = {.proto = PROTO_ANY};
    static char answer[SOCK_DIAG_MAX];
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    char buf[RULE_TEXT_MAX];

    sock_diag_begin(&dump, netns_own(), &all, answer, sizeof(answer));
    while (sock_diag_next(&dump, &socket)) {
        struct endpoint v4 = socket.local;
        v4.addr.family = AF_INET;
        bool is_dual = addr_is_wildcard(&socket.local.addr) && !socket.v6only;
        if (socket.listens && !addr_is_loopback(&socket.local.addr) &&
            (redirect_takes(r, &socket.local) || (is_dual && redirect_takes(r, &v4))))
            message_print("warning: a server has %s itself, and is out of reach while its port is "
                          "redirected: put %u=keep in front of the table if it shall not be",
                          show_endpoint(&socket.local, buf), socket.local.port);
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

/* Registries count each on its own; within a second, the order is that of one of them. */
static uint64_t order_of(const struct registry_entry *e)
{
    return (uint64_t)e->since << 32 | e->order;
}

/*
 * The ports that live, of the user of the options: malloc'ed, *count of them. What a
 * registry says is his word alone, so a socket must be his, too. Returns a status.
 */
static int list_lives(const struct options *o, struct redirect_live **list, size_t *count)
{
    struct lives lives;
    uid_t uid = geteuid();

    *list = NULL;
    *count = 0;
    if (o->user != NULL && !user_become(o->user, &uid))
        return STATUS_UNAVAILABLE;
    int status = live_list(o->run, false, &lives);
    if (status != STATUS_OK)
        return status;
    *list = calloc(lives.count + 1, sizeof(**list));
    for (size_t i = 0; *list != NULL && i < lives.count; i++) {
        const struct live *live = &lives.list[i];
        if (live->listens && (o->user == NULL || live->uid == uid))
            (*list)[(*count)++] = (struct redirect_live){live->entry.asked, live->entry.actual,
                                                         live->v6only, order_of(&live->entry)};
    }
    live_free(&lives);
    return *list != NULL ? STATUS_OK : message_no_memory();
}

static int print_redirect(const struct options *o, const struct config *config)
{
    static struct redirect r;
    struct redirect_live *live = NULL;
    size_t live_count = 0;

    if (o->has_helper_only) {
        message_print("the format redirect has no such options: give them to remap-redirect");
        return STATUS_USAGE;
    }
    if (leaves_a_choice(&config->table)) {
        int status = list_lives(o, &live, &live_count);
        if (status != STATUS_OK)
            return status;
    }
    bool is_made = redirect_make(&r, &config->table, live, live_count);
    free(live);
    if (!is_made)
        return message_no_memory();
    int status = check_targets(&r, &config->table) ? STATUS_OK : STATUS_BAD_TABLE;
    if (status == STATUS_OK) {
        say_of_rules(&r, &config->table);
        warn_of_servers(&r);
        redirect_print(&r, stdout);
    }
    redirect_free(&r);
    return status;
}

/* ---- systemd-redirect ---- */

static int print_systemd_redirect(const struct options *o, const struct config *config)
{
    static struct redirect r;
    char helper[PATH_MAX];

    if (!place_find_helper(helper))
        return STATUS_UNAVAILABLE;
    if (strpbrk(helper, " \t\n\\\"'") != NULL) {
        message_print("systemd cannot run '%s': move it to a path without blanks and quotes",
                      helper);
        return STATUS_UNAVAILABLE;
    }
    if (!redirect_make(&r, &config->table, NULL, 0))
        return message_no_memory();
    bool is_fit = check_targets(&r, &config->table);
    redirect_free(&r);
    if (!is_fit)
        return STATUS_BAD_TABLE;
    systemd_print_redirect(helper, &config->table, o->kept, o->count, stdout);
    return STATUS_OK;
}

static const struct format FORMATS[] = {
    {"redirect", "lines for remap-redirect", print_redirect},
    {"systemd-redirect", "a systemd service that runs it", print_systemd_redirect},
};

/* ---- options ---- */

/* What remap-redirect takes for a name: nothing that a unit, or a shell, could take for more. */
static bool is_name(const char *word)
{
    bool is = word[0] != '\0' && word[0] != '-';

    for (; is && *word != '\0'; word++)
        is = isalnum((unsigned char)*word) || strchr("_.@:-", *word) != NULL;
    return is;
}

/* Whether remap-redirect takes this value of an option. False after a message. */
static bool check_value(const struct option *option, const char *value)
{
    if (option->val == OPTION_BACKEND && strcmp(value, "nft") != 0 &&
        strncmp(value, "iptables", strlen("iptables")) != 0) {
        message_print("unknown backend '%s': use nft or iptables", value);
        return false;
    }
    if (is_name(value))
        return true;
    message_print("'%s' is no name for --%s: use letters, digits and _ . @ : -", value,
                  option->name);
    return false;
}

/* Keeps an option that is one of remap-redirect as well, with its value in optarg, if it has one. */
static int keep_option(struct options *o, const struct option *option)
{
    if (option->has_arg != no_argument && !check_value(option, optarg))
        return STATUS_USAGE;
    if (o->count == KEPT_MAX) {
        message_print("too many options: leave some out");
        return STATUS_USAGE;
    }
    o->has_helper_only = o->has_helper_only || option->val >= OPTION_BACKEND;
    o->kept[o->count++] = (struct systemd_option){option->name, optarg};
    return STATUS_OK;
}

static int take_option(const struct command *self, int option, int index, char **argv,
                       struct options *o)
{
    switch (option) {
    case 'r':
        return rules_add_text(&o->rules, optarg) ? STATUS_OK : STATUS_BAD_TABLE;
    case 'f':
        return rules_add_file(&o->rules, optarg) ? STATUS_OK : STATUS_BAD_TABLE;
    case '?':
    case ':':
        return message_bad_option(self, option, argv);
    case OPTION_USER:
        o->user = optarg;
        break;
    case OPTION_NAME:
        o->run = optarg;
        if (!live_is_name(optarg))
            return message_bad_name(optarg);
        break;
    default:
        break;
    }
    return keep_option(o, &LONG_OPTIONS[index]);
}

static const struct format *find_format(int argc, char **argv)
{
    if (optind + 1 != argc) {
        message_print("%s: see 'remap help export'",
                      optind == argc ? "no format given" : "one format at a time");
        return NULL;
    }
    for (size_t i = 0; i < sizeof(FORMATS) / sizeof(*FORMATS); i++) {
        if (strcmp(FORMATS[i].name, argv[optind]) == 0)
            return &FORMATS[i];
    }
    message_print("'%s' is not a format: see 'remap help export'", argv[optind]);
    return NULL;
}

static int export_main(const struct command *self, int argc, char **argv)
{
    static struct options o = {.rules.is_strict = true};
    static struct config config;
    int option, index = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":r:f:h", LONG_OPTIONS, &index)) != -1) {
        if (option == 'h')
            return help_print(self);
        int status = take_option(self, option, index, argv, &o);
        if (status != STATUS_OK)
            return status;
    }
    const struct format *format = find_format(argc, argv);
    if (format == NULL)
        return STATUS_USAGE;
    if (!rules_load(&o.rules, &config))
        return STATUS_BAD_TABLE;
    return format->print(&o, &config);
}

const struct command export_command = {
    .name = "export",
    .arguments = "[-r RULES | -f FILE]... [OPTION]... FORMAT",
    .summary = "Prints the table for other programs",
    .details =
        "FORMAT is one of:\n"
        "  redirect          lines for remap-redirect: protocol, family, address, first and\n"
        "                    last port, and the address and first port that they go to\n"
        "  systemd-redirect  a systemd service that runs remap-redirect\n"
        "\n"
        "  -r RULES          rules, as 80=8080,443=8443; may be given more than once\n"
        "  -f FILE           a file of rules; may be given more than once\n"
        "      --user USER   auto goes to the ports that are live in USER's registry\n"
        "      --name RUN    and of one run alone\n"
        "      --backend B, --interface I, --owner USER, --local, --hide\n"
        "                    of remap-redirect, for systemd-redirect\n"
        "  -h, --help        this text\n"
        "\n"
        "A file of rules that others may write is refused, and so is a privileged target.\n"
        "Exits with 0; 64 usage, 69 something is not to be had, 78 bad table.\n",
    .main = export_main,
};
