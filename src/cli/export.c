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
#include "cli/plan.h"
#include "cli/rules.h"
#include "cli/user.h"
#include "export/firewall.h"

enum {
    OPTION_USER = 256,
    OPTION_NAME,
    OPTION_BACKEND,
    OPTION_INTERFACE,
    OPTION_OWNER,
    OPTION_LOCAL,
    OPTION_HIDE,
    OPTION_LIST,
};

static const struct option LONG_OPTIONS[] = {
    {"user", required_argument, NULL, OPTION_USER},
    {"name", required_argument, NULL, OPTION_NAME},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"interface", required_argument, NULL, OPTION_INTERFACE},
    {"owner", required_argument, NULL, OPTION_OWNER},
    {"local", no_argument, NULL, OPTION_LOCAL},
    {"hide", no_argument, NULL, OPTION_HIDE},
    {"list", no_argument, NULL, OPTION_LIST},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const struct format *const FORMATS[] = {
    &nft_format,
    &iptables_format,
    &systemd_redirect_format,
    NULL,
};

/* What can be the name of an interface, and of a user (IFNAMSIZ, useradd(8)). */
enum { INTERFACE_MAX = 15, USER_MAX = 32 };

struct options {
    struct rules rules;
    struct format_options format;
    bool is_list;
};

/* ---- formats ---- */

/* Whether a word can stand in a rule, in a unit and in a command line without quotes. */
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

/* Sets the owner's number, and whose running servers count. Returns a status. */
static int find_users(struct format_options *o)
{
    const char *caller = getenv("SUDO_UID");
    uid_t uid;
    gid_t gid;

    if (o->owner != NULL) {
        if (!user_find(o->owner, &uid, &gid))
            return STATUS_USAGE;
        o->owner_id = uid;
    }
    if (o->user == NULL)
        o->user = o->owner;
    if (o->user == NULL && geteuid() == 0 && caller != NULL && is_name(caller, USER_MAX))
        o->user = caller;
    return STATUS_OK;
}

/* Prints firewall rules. Returns a status. */
static int print_rules(const struct format *format, struct format_options *o,
                       const struct table *table)
{
    static struct redirect r;

    if (o->backend != NULL) {
        message_print("the format %s has no option --backend", format->name);
        return STATUS_USAGE;
    }
    int status = find_users(o);
    if (status == STATUS_OK)
        status = plan_for_now(&r, o, table);
    if (status == STATUS_OK)
        format->print(&(struct format_input){table, &r, o, NULL}, stdout);
    redirect_free(&r);
    return status;
}

/* Prints a unit that runs remap-redirect. Returns a status. */
static int print_unit(const struct format *format, const struct format_options *o,
                      const struct table *table)
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
    int status = plan_for_later(&r, table);
    if (status == STATUS_OK)
        format->print(&(struct format_input){table, &r, o, helper}, stdout);
    redirect_free(&r);
    return status;
}

/* ---- options ---- */

static int take_user(const char *word, const char **user)
{
    if (!is_name(word, USER_MAX)) {
        message_print("'%s' cannot be the name of a user", word);
        return STATUS_USAGE;
    }
    if (word[0] == '0' && word[1] != '\0') {
        message_print("'%s' begins with a zero", word);
        return STATUS_USAGE;
    }
    *user = word;
    return STATUS_OK;
}

static int take_interface(const char *word, struct format_options *o)
{
    if (!is_name(word, INTERFACE_MAX)) {
        message_print("'%s' cannot be the name of an interface", word);
        return STATUS_USAGE;
    }
    for (size_t i = 0; i < o->interfaces; i++) {
        if (strcmp(o->interface[i], word) == 0)
            return STATUS_OK;
    }
    if (o->interfaces < FORMAT_INTERFACES_MAX)
        o->interface[o->interfaces++] = word;
    if (o->interfaces < FORMAT_INTERFACES_MAX && firewall_fits(o))
        return STATUS_OK;
    message_print("too many interfaces");
    return STATUS_USAGE;
}

static int take_backend(const char *word, struct format_options *o)
{
    static const char *const BACKENDS[] = {"nft", "iptables", "iptables-nft", "iptables-legacy"};

    for (size_t i = 0; i < sizeof(BACKENDS) / sizeof(*BACKENDS); i++) {
        if (strcmp(word, BACKENDS[i]) == 0) {
            o->backend = word;
            return STATUS_OK;
        }
    }
    message_print("unknown backend '%s': use nft or iptables", word);
    return STATUS_USAGE;
}

static int take_option(const struct command *self, int option, char **argv, struct options *o)
{
    switch (option) {
    case 'r':
        return rules_add_text(&o->rules, optarg) ? STATUS_OK : STATUS_BAD_TABLE;
    case 'f':
        return rules_add_file(&o->rules, optarg) ? STATUS_OK : STATUS_BAD_TABLE;
    case OPTION_USER:
        return take_user(optarg, &o->format.user);
    case OPTION_OWNER:
        return take_user(optarg, &o->format.owner);
    case OPTION_NAME:
        o->format.run = optarg;
        return live_is_name(optarg) ? STATUS_OK : message_bad_name(optarg);
    case OPTION_BACKEND:
        return take_backend(optarg, &o->format);
    case OPTION_INTERFACE:
        return take_interface(optarg, &o->format);
    case OPTION_LOCAL:
        o->format.is_local = true;
        return STATUS_OK;
    case OPTION_HIDE:
        o->format.is_hidden = true;
        return STATUS_OK;
    case OPTION_LIST:
        o->is_list = true;
        return STATUS_OK;
    default:
        return message_bad_option(self, option, argv);
    }
}

static int print_list(void)
{
    for (size_t i = 0; FORMATS[i] != NULL; i++)
        printf("%-17s %s\n", FORMATS[i]->name, FORMATS[i]->summary);
    return STATUS_OK;
}

static const struct format *find_format(int argc, char **argv)
{
    if (optind + 1 != argc) {
        message_print("%s: see 'remap help export'",
                      optind == argc ? "no format given" : "one format at a time");
        return NULL;
    }
    for (size_t i = 0; FORMATS[i] != NULL; i++) {
        if (strcmp(FORMATS[i]->name, argv[optind]) == 0)
            return FORMATS[i];
    }
    message_print("'%s' is not a format: see 'remap export --list'", argv[optind]);
    return NULL;
}

static int export_main(const struct command *self, int argc, char **argv)
{
    static struct options o = {.rules.is_strict = true};
    static struct config config;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":r:f:h", LONG_OPTIONS, NULL)) != -1) {
        if (option == 'h')
            return help_print(self);
        int status = take_option(self, option, argv, &o);
        if (status != STATUS_OK)
            return status;
    }
    if (o.is_list)
        return print_list();
    const struct format *format = find_format(argc, argv);
    if (format == NULL)
        return STATUS_USAGE;
    if (!rules_load(&o.rules, &config))
        return STATUS_BAD_TABLE;
    o.format.is_given = o.rules.given;
    return format->is_unit ? print_unit(format, &o.format, &config.table)
                           : print_rules(format, &o.format, &config.table);
}

const struct command export_command = {
    .name = "export",
    .arguments = "[-r RULES | -f FILE]... [OPTION]... FORMAT",
    .summary = "Prints the table for other programs",
    .details =
        "  -r RULES          rules, as 80=8080,443=8443; may be given more than once\n"
        "  -f FILE           a file of rules; may be given more than once\n"
        "      --local, --interface I, --owner USER, --hide, --user USER, --name RUN\n"
        "                    see 'remap redirect --help'\n"
        "      --backend B   the same, for systemd-redirect\n"
        "      --list        lists the formats\n"
        "  -h, --help        this text\n"
        "\n"
        "A file of rules that others may write is refused, and so is a privileged target.\n"
        "Exits with 0; 1 no rule can be redirected, 64 usage, 69 something is not available,\n"
        "78 bad table.\n",
    .main = export_main,
};
