#include "cli/exported.h"

#include <string.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/servers.h"
#include "export/firewall.h"
#include "linux/netns.h"
#include "linux/sock_diag.h"

static void print_note(const struct table *t, size_t rule, const char *text)
{
    char buf[RULE_TEXT_MAX];

    message_print("rule %zu (%s) %s", rule + 1, output_rule(&t->rule[rule], buf), text);
}

/* ---- redirects ---- */

/* What to tell of a rule. */
static const char *const NOTES[] = {
    [REDIRECT_KEEP] = "is left out: it keeps its ports",
    [REDIRECT_DENY] = "is left out: it denies its ports",
    [REDIRECT_SCTP] = "is left out: write rules for tcp and udp",
    [REDIRECT_NO_SERVER] = "is left out, because no server is running on its ports: start the "
                           "server, and name its user with --user",
    [REDIRECT_FIRST] = "has no running server, so its first port is used: start the server, and "
                       "name its user with --user",
    [REDIRECT_LOOPBACK] = "goes to a loopback address, which other hosts cannot reach: use "
                          "another address, or --local for this host alone",
    [REDIRECT_PRIVILEGED] = NULL, /* an error */
};

static const char LOCAL_NOTE[] =
    "goes to a loopback address, so it is redirected for this host alone";

static void print_notes(const struct format *format, const struct format_input *in)
{
    bool is_firewall = format->kind == FORMAT_FIREWALL;

    for (size_t i = 0; i < in->table->count; i++) {
        enum redirect_note note = in->redirect->note[i];
        bool is_loopback = note == REDIRECT_LOOPBACK;
        const char *text = is_loopback && in->options->is_local ? LOCAL_NOTE : NOTES[note];
        if (text != NULL && (is_firewall || !is_loopback))
            print_note(in->table, i, text);
    }
}

void exported_check_targets(const struct table *t)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (rule->target < RULE_AUTO && rule->to_first < GRANT_END)
            message_die(STATUS_BAD_TABLE,
                        "rule %zu (%s) goes to a privileged port, which needs no redirect: use "
                        "a port from 1024 up",
                        i + 1, output_rule(rule, buf));
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

/* Returns the rule that a line is from, by its first port; or the number of rules. */
static size_t rule_of(const struct table *t, const struct redirect_line *line)
{
    size_t i = 0;

    for (; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (line->first >= rule->first && line->first <= rule->last &&
            (rule->proto == PROTO_ANY || line->proto == PROTO_ANY || rule->proto == line->proto) &&
            (rule->host.family == AF_UNSPEC || addr_equal(&rule->host, &line->host)))
            break;
    }
    return i;
}

static void print_refusal(const struct format *format, const struct format_input *in,
                          const struct redirect_line *line, const char *why)
{
    CLEANUP_FREE char *text = NULL;
    size_t rule = rule_of(in->table, line);

    if (why != NULL)
        text = memory_format("cannot be said in the format %s: %s", format->name, why);
    else
        text = memory_format("has %u ports, and the format %s takes each by itself: use %d at most",
                             line->last - line->first + 1U, format->name, FORMAT_PORTS_MAX);
    if (rule < in->table->count)
        print_note(in->table, rule, text);
}

/* Drops the lines that the format cannot have. A proxy has no use for those that are left alone. */
static void drop_lines(const struct format *format, const struct format_input *in,
                       struct redirect *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        bool is_long = !format->has_ranges && line->last - line->first >= FORMAT_PORTS_MAX;
        if (line->is_alone && format->kind == FORMAT_PROXY)
            continue;
        const char *why = format->cannot != NULL ? format->cannot(line) : NULL;
        if (why != NULL || is_long)
            print_refusal(format, in, line, why);
        else
            r->line[kept++] = *line;
    }
    r->count = kept;
}

void exported_redirect(const struct format *format, struct format_input *in, struct redirect *r)
{
    CLEANUP_FREE struct redirect_live *live = NULL;
    size_t live_count = 0;

    exported_check_targets(in->table);
    if (leaves_a_choice(in->table))
        live = servers_find(in->options, &live_count);
    if (!redirect_make(r, in->table, live, live_count))
        memory_is_out();
    in->redirect = r;
    print_notes(format, in);
    drop_lines(format, in, r);
    if (r->count == 0)
        message_die(STATUS_NO, "no rule of the table can be exported");
    if (format->kind == FORMAT_FIREWALL)
        warn_of_servers(r);
}

/* ---- grants ---- */

void exported_grant(struct format_input *in, struct grant *g)
{
    static const char *const TEXTS[] = {
        [GRANT_DONE] = NULL,
        [GRANT_DENY] = "is left out: it denies its ports",
        [GRANT_UNPRIVILEGED] = "is left out: every user may bind its ports",
        [GRANT_ADDRESS] = "has an address as its target, which the server must bind itself",
    };
    struct grant_range first = {.proto = PROTO_ANY};

    grant_make(g, in->table);
    in->grant = g;
    for (size_t i = 0; i < in->table->count; i++) {
        if (TEXTS[g->note[i]] != NULL)
            print_note(in->table, i, TEXTS[g->note[i]]);
    }
    if (!grant_next(g, &first))
        message_die(STATUS_NO, "no rule of the table can be exported");
}
