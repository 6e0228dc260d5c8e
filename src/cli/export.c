/* remap export: the table for other programs. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/install_paths.h"
#include "cli/message.h"
#include "cli/option.h"
#include "cli/plan.h"
#include "cli/rules.h"
#include "cli/user.h"
#include "export/firewall.h"

static const struct format *const FORMATS[] = {
    &nft_format,
    &iptables_format,
    &systemd_redirect_format,
    NULL,
};

/* Limits of names of interfaces and users (IFNAMSIZ, useradd(8)). */
enum { INTERFACE_MAX = 15, USER_MAX = 32 };

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
static bool is_user(const char *word)
{
    if (word == NULL || (is_name(word, USER_MAX) && (word[0] != '0' || word[1] == '\0')))
        return true;
    message_print("'%s' cannot be the name of a user", word);
    return false;
}

/* Copies the interfaces, each once. Returns false after a message. */
static bool take_interfaces(struct format_options *o)
{
    for (size_t i = 0; i < options.interfaces.count; i++) {
        const char *word = options.interfaces.word[i];
        size_t known = 0;
        if (!is_name(word, INTERFACE_MAX)) {
            message_print("'%s' cannot be the name of an interface", word);
            return false;
        }
        while (known < o->interfaces && strcmp(o->interface[known], word) != 0)
            known++;
        if (known == o->interfaces && known < FORMAT_INTERFACES_MAX)
            o->interface[o->interfaces++] = word;
    }
    if (firewall_fits(o))
        return true;
    message_print("too many interfaces");
    return false;
}

/* Sets the owner's number, and the user that has the running servers. Returns a status. */
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

/* ---- formats ---- */

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

    if (!install_paths_helper(helper))
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

static int print_list(void)
{
    for (size_t i = 0; FORMATS[i] != NULL; i++)
        printf("%-17s %s\n", FORMATS[i]->name, FORMATS[i]->summary);
    return STATUS_OK;
}

static const struct format *find_format(const char *name)
{
    if (name == NULL) {
        message_print("missing argument: see 'remap help export'");
        return NULL;
    }
    for (size_t i = 0; FORMATS[i] != NULL; i++) {
        if (strcmp(FORMATS[i]->name, name) == 0)
            return FORMATS[i];
    }
    message_print("unknown format '%s': see 'remap export --list'", name);
    return NULL;
}

/* ---- the command ---- */

static int export_main(int argc, char **argv)
{
    static struct config config;
    struct format_options *o = &options.format;

    if (options.is_list)
        return print_list();
    const struct format *format = find_format(argc > 1 ? argv[1] : NULL);
    if (format == NULL || !is_user(o->user) || !is_user(o->owner) || !take_interfaces(o))
        return STATUS_USAGE;
    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    o->is_given = options.rules.given;
    return format->is_unit ? print_unit(format, o, &config.table)
                           : print_rules(format, o, &config.table);
}

static const struct option_spec OPTIONS[] = {
    OPTION_RULES_AND_FILE(&options.rules),
    {"local", 0, NULL, OPTION_FLAG, &options.format.is_local, "connections of this host, too"},
    {"interface", 0, "NAME", OPTION_WORDS, &options.interfaces, "only what comes in by it"},
    {"owner", 0, "USER", OPTION_WORD, &options.format.owner, "only USER may answer"},
    {"hide", 0, NULL, OPTION_FLAG, &options.format.is_hidden,
     "other hosts cannot use the actual ports"},
    {"user", 0, "USER", OPTION_WORD, &options.format.user,
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
    .min_operands = 0,
    .max_operands = 1,
    .main = export_main,
};
