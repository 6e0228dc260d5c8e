/* remap export: the table in the words of other programs. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/install_paths.h"
#include "cli/live.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/rules.h"
#include "cli/user.h"
#include "export/redirect.h"
#include "export/systemd.h"
#include "linux/netns.h"
#include "linux/sock_diag.h"

struct options {
    struct rules rules;
    const char *user;
    const char *run;
    const char *backend, *owner, *local, *hide; /* of remap-redirect */
    struct option_words interfaces;
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
            message_print("rule %zu (%s) %s", i + 1, output_rule(&t->rule[i], buf),
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
                          i + 1, output_rule(&t->rule[i], buf));
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

    if (o->backend != NULL || o->interfaces.count > 0 || o->owner != NULL || o->local != NULL ||
        o->hide != NULL) {
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

/* What remap-redirect takes for a name: nothing that a unit, or a shell, could take for more. */
static bool is_name(const char *word)
{
    bool is = word[0] != '\0' && word[0] != '-';

    for (; is && *word != '\0'; word++)
        is = isalnum((unsigned char)*word) || strchr("_.@:-", *word) != NULL;
    return is;
}

/* Whether remap-redirect takes this value of an option. False after a message. */
static bool check_value(const char *name, const char *value)
{
    if (strcmp(name, "backend") == 0 && strcmp(value, "nft") != 0 &&
        strncmp(value, "iptables", strlen("iptables")) != 0) {
        message_print("unknown backend '%s': use nft or iptables", value);
        return false;
    }
    if (is_name(value))
        return true;
    message_print("'%s' is no name for --%s: use letters, digits and _ . @ : -", value, name);
    return false;
}

enum { KEPT_MAX = OPTION_WORDS_MAX + 6 };

/* Lists the options that go into the unit. False after a message. */
static bool keep_options(const struct options *o, struct systemd_option kept[KEPT_MAX],
                         size_t *count)
{
    const struct systemd_option words[] = {{"user", o->user},       {"name", o->run},
                                           {"backend", o->backend}, {"owner", o->owner},
                                           {"local", o->local},     {"hide", o->hide}};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (words[i].value != NULL)
            kept[(*count)++] = words[i];
    }
    for (size_t i = 0; i < o->interfaces.count; i++)
        kept[(*count)++] = (struct systemd_option){"interface", o->interfaces.word[i]};
    for (size_t i = 0; i < *count; i++) {
        bool is_flag = kept[i].value[0] == '\0';
        if (!is_flag && !check_value(kept[i].name, kept[i].value))
            return false;
        if (is_flag)
            kept[i].value = NULL;
    }
    return true;
}

static int print_systemd_redirect(const struct options *o, const struct config *config)
{
    static struct redirect r;
    struct systemd_option kept[KEPT_MAX];
    char helper[PATH_MAX];
    size_t count = 0;

    if (!keep_options(o, kept, &count))
        return STATUS_USAGE;
    if (!install_paths_helper(helper))
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
    systemd_print_redirect(helper, &config->table, kept, count, stdout);
    return STATUS_OK;
}

static const struct format FORMATS[] = {
    {"redirect", "lines for remap-redirect", print_redirect},
    {"systemd-redirect", "a systemd service that runs it", print_systemd_redirect},
};

/* ---- the command ---- */

static struct options options = {.rules.is_strict = true};

static int export_main(int argc, char **argv)
{
    static struct config config;
    const struct format *format = NULL;

    (void)argc;
    for (size_t i = 0; i < sizeof(FORMATS) / sizeof(*FORMATS); i++) {
        if (strcmp(FORMATS[i].name, argv[1]) == 0)
            format = &FORMATS[i];
    }
    if (format == NULL) {
        message_print("unknown format '%s': see 'remap help export'", argv[1]);
        return STATUS_USAGE;
    }
    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    return format->print(&options, &config);
}

static const struct option_spec OPTIONS[] = {
    OPTION_RULES_AND_FILE(&options.rules),
    {"user", 0, "USER", OPTION_WORD, &options.user, "auto: the ports of USER's running servers"},
    {"name", 0, "RUN", OPTION_RUN, &options.run, "auto: of one run only"},
    {"backend", 0, "nft|iptables", OPTION_WORD, &options.backend, "as of remap-redirect"},
    {"interface", 0, "NAME", OPTION_WORDS, &options.interfaces, "as of remap-redirect"},
    {"owner", 0, "USER", OPTION_WORD, &options.owner, "as of remap-redirect"},
    {"local", 0, "", OPTION_CONSTANT, &options.local, "as of remap-redirect"},
    {"hide", 0, "", OPTION_CONSTANT, &options.hide, "as of remap-redirect"},
    {0},
};

const struct command export_command = {
    .name = "export",
    .arguments = "FORMAT",
    .summary = "Print the table for other programs",
    .details =
        "FORMAT is one of:\n"
        "  redirect          lines for remap-redirect: protocol, family, address, first and\n"
        "                    last port, and the address and first port that they go to\n"
        "  systemd-redirect  a systemd service that runs remap-redirect, with its options\n"
        "\n"
        "A file of rules that others may write is refused, and so is a privileged target.\n"
        "Exit status: 0; 64 usage, 69 something is not available, 78 the table is invalid.\n",
    .options = OPTIONS,
    .min_operands = 1,
    .max_operands = 1,
    .main = export_main,
};
