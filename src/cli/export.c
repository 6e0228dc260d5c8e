/* remap export: the table for other programs. */
#include <ctype.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/exported.h"
#include "cli/install_paths.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/nearest.h"
#include "cli/operands.h"
#include "cli/output_file.h"
#include "cli/rules.h"
#include "cli/user.h"
#include "export/firewall.h"

static const struct format *const FORMATS[] = {
    &nft_format,     &iptables_format,      &systemd_redirect_format,
    &nginx_format,   &haproxy_format,       &caddy_format,
    &systemd_format, &systemd_grant_format, &systemd_socket_format,
    &setcap_format,  &sysctl_format,        &kubernetes_format,
    &compose_format, &json_format,          NULL,
};

enum { INTERFACE_MAX = 15 /* IFNAMSIZ */, LIST_COLUMN = 27 /* of the summaries of --list */ };

static struct {
    struct rules rules;
    struct option_words interfaces;
    struct format_options format;
    const char *output;
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
    if (word != NULL && (!is_name(word, USER_NAME_MAX) || (word[0] == '0' && word[1] != '\0')))
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

/* Sets the owner's number, and the user that has the running servers. */
static void find_users(struct format_options *o)
{
    const char *caller = getenv("SUDO_UID");

    if (o->owner != NULL)
        o->owner_id = user_find(o->owner, STATUS_USAGE).uid;
    if (o->user == NULL)
        o->user = o->owner;
    if (o->user == NULL && geteuid() == 0 && caller != NULL && is_name(caller, USER_NAME_MAX))
        o->user = caller;
}

/* Sets the user that runs the server. */
static void find_server_user(struct format_options *o)
{
    static char number[USER_NAME_MAX];
    const char *caller = getenv("SUDO_USER");
    const struct passwd *entry = getpwuid(geteuid());

    snprintf(number, sizeof(number), "%u", geteuid());
    if (o->user == NULL && geteuid() == 0 && caller != NULL && is_name(caller, USER_NAME_MAX))
        o->user = caller;
    if (o->user == NULL)
        o->user = entry != NULL && is_name(entry->pw_name, USER_NAME_MAX) ? entry->pw_name : number;
    if (user_find(o->user, STATUS_USAGE).uid == 0)
        message_die(STATUS_USAGE,
                    "the server must not run as root: name the user that runs it with --user");
}

/* ---- formats ---- */

/* Which options a format has, besides those of rules. */
static bool has_option(const struct format *format, const char *name)
{
    bool is_unit = format->kind == FORMAT_UNIT;
    bool redirects = format->kind == FORMAT_FIREWALL || is_unit;
    bool has_servers =
        redirects || format->kind == FORMAT_PROXY || format->kind == FORMAT_CONTAINER;

    if (strcmp(name, "backend") == 0)
        return is_unit;
    if (strcmp(name, "user") == 0)
        return has_servers || format->has_user;
    if (strcmp(name, "name") == 0)
        return has_servers;
    return redirects;
}

static void check_options(const struct format *format)
{
    const struct format_options *o = &options.format;
    const struct {
        const char *name;
        bool is_given;
    } given[] = {
        {"local", o->is_local},          {"interface", options.interfaces.count > 0},
        {"owner", o->owner != NULL},     {"hide", o->is_hidden},
        {"user", o->user != NULL},       {"name", o->run != NULL},
        {"backend", o->backend != NULL},
    };

    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        if (given[i].is_given && !has_option(format, given[i].name))
            message_die(STATUS_USAGE, "the format %s has no option --%s", format->name,
                        given[i].name);
    }
}

static const char *find_helper(void)
{
    static char helper[PATH_MAX];

    install_paths_helper(helper);
    if (strpbrk(helper, " \t\n\\\"'") != NULL)
        message_die(STATUS_UNAVAILABLE,
                    "systemd cannot run '%s': move it to a path without blanks and quotes", helper);
    return helper;
}

/* Works out what the format needs, and prints it. */
static void print(const struct format *format, struct format_input *in)
{
    static struct redirect r;
    static struct grant g;

    switch (format->kind) {
    case FORMAT_FIREWALL:
    case FORMAT_PROXY:
    case FORMAT_CONTAINER:
        find_users(&options.format);
        exported_redirect(format, in, &r);
        break;
    case FORMAT_UNIT:
        in->helper = find_helper();
        exported_check_targets(in->table);
        break;
    case FORMAT_GRANT:
        if (format->has_user)
            find_server_user(&options.format);
        exported_grant(format, in, &g);
        break;
    case FORMAT_TABLE:
        break;
    }
    format->print(in, stdout);
    if (format->print_second != NULL) {
        if (options.output != NULL)
            output_file_next();
        else
            putchar('\n');
        format->print_second(in, stdout);
    }
    redirect_free(&r);
}

static int print_list(void)
{
    static const char *const OPERANDS[] = {
        [FORMAT_NO_OPERANDS] = "",
        [FORMAT_PROGRAM] = " PROGRAM",
        [FORMAT_COMMAND] = " COMMAND...",
    };

    for (size_t i = 0; FORMATS[i] != NULL; i++) {
        int used = printf("%s%s", FORMATS[i]->name, OPERANDS[FORMATS[i]->operands]);
        printf("%*s%s\n", LIST_COLUMN - used, "", FORMATS[i]->summary);
    }
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

static void begin_files(const struct format *format, const char *path)
{
    const char *end = format->ends[0];
    int stem = end != NULL ? (int)(strlen(path) - strlen(end)) : 0;

    if (end == NULL)
        output_file_begin(path, NULL);
    else if (stem > 0 && path[stem - 1] != '/' && strcmp(path + stem, end) == 0)
        output_file_begin(path, memory_format("%.*s%s", stem, path, format->ends[1]));
    else
        message_die(STATUS_USAGE, "the format %s writes two files: use -o NAME%s", format->name,
                    end);
}

/* ---- the command ---- */

static int export_main(int argc, char **argv)
{
    static struct config config;
    struct format_options *o = &options.format;
    struct format_input in = {.table = &config.table, .options = o};

    if (options.is_list) {
        if (options.output != NULL)
            output_file_begin(options.output, NULL);
        return print_list();
    }
    const struct format *format = find_format(argc > 1 ? argv[1] : NULL);
    check_options(format);
    operands_check(format, argv + 2);
    check_user(o->user);
    check_user(o->owner);
    take_interfaces(o);
    if (options.output != NULL)
        begin_files(format, options.output);
    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    o->is_given = options.rules.given;
    operands_find(format, &in, argv + 2);
    print(format, &in);
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
     "auto: USER's running servers; systemd: USER runs the server"},
    {"name", 0, "RUN", OPTION_RUN, &options.format.run, "auto: of one run only"},
    {"backend", 0, "nft|iptables|iptables-nft|iptables-legacy", OPTION_CHOICE,
     &options.format.backend, "of systemd-redirect"},
    {"output", 'o', "FILE", OPTION_WORD, &options.output,
     "write to a file instead, all or nothing"},
    {"list", 0, NULL, OPTION_FLAG, &options.is_list, "list the formats"},
    {0},
};

const struct command export_command = {
    .name = "export",
    .arguments = "FORMAT [COMMAND [ARGUMENT]...]",
    .summary = "Print the table for other programs",
    .details =
        "A COMMAND is for the formats that --list shows with one. Rules that a format cannot\n"
        "express are named on standard error. A file of rules that others may write is refused.\n"
        "Exit status: 0; 1 no rule can be exported, 64 usage, 69 something is not available,\n"
        "78 the table is invalid.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .complete = complete_formats,
    .main = export_main,
};
