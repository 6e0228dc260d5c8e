#include "cli/exported.h"

#include <string.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/servers.h"
#include "export/container.h"
#include "export/firewall.h"
#include "export/proxy.h"
#include "linux/netns.h"
#include "linux/sock_diag.h"

static void print_note(const struct table *t, size_t rule, const char *text)
{
    char buf[RULE_TEXT_MAX];

    message_print("rule %zu (%s) %s", rule + 1, output_rule(&t->rule[rule], buf), text);
}

/* Why a rule is left out whose target is no port. */
static const char *const OF_TARGET[] = {
    [RULE_KEEP] = "is left out: it keeps its ports",
    [RULE_DENY] = "is left out: it denies its ports",
    [RULE_DROP] = "is left out: it drops its ports",
    [RULE_SYSTEMD] = "is left out: the service manager has its ports",
};

/* ---- redirects ---- */

/* What to tell of a rule. */
static const char *const NOTES[] = {
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

_Static_assert(FORMAT_PORTS_MAX == 64, "the number is in the message");
static const char TOO_MANY_PORTS[] = "use 64 ports at most, since it takes each by itself";

static const char *text_of(const struct rule *rule, enum redirect_note note, bool is_local)
{
    if (note == REDIRECT_NO_PORT)
        return OF_TARGET[rule->target];
    return note == REDIRECT_LOOPBACK && is_local ? LOCAL_NOTE : NOTES[note];
}

static void print_notes(const struct format *format, const struct format_input *in)
{
    bool is_firewall = format->kind == FORMAT_FIREWALL;

    for (size_t i = 0; i < in->table->count; i++) {
        enum redirect_note note = in->redirect->note[i];
        const char *text = text_of(&in->table->rule[i], note, in->options->is_local);
        if (text != NULL && (is_firewall || note != REDIRECT_LOOPBACK))
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

/* Returns why the format cannot have the line by itself, or NULL. */
static const char *line_refusal(const struct format *format, const struct redirect_line *line)
{
    const char *why = format->cannot != NULL ? format->cannot(line) : NULL;

    if (why == NULL && !format->has_ranges && line->last - line->first >= FORMAT_PORTS_MAX)
        return TOO_MANY_PORTS;
    return why;
}

/* Returns whether both lines have a port, and take it to different ones. */
static bool disagree(const struct redirect_line *a, const struct redirect_line *b)
{
    return a->first <= b->last && b->first <= a->last &&
           (a->proto == PROTO_ANY || b->proto == PROTO_ANY || a->proto == b->proto) &&
           a->to_first - a->first != b->to_first - b->first;
}

/* Returns why the format cannot have the line, or NULL. */
static const char *refusal(const struct format *format, const struct redirect *r, size_t index)
{
    const char *why = line_refusal(format, &r->line[index]);

    for (size_t i = 0; why == NULL && format->kind == FORMAT_CONTAINER && i < index; i++) {
        if (disagree(&r->line[i], &r->line[index]) && line_refusal(format, &r->line[i]) == NULL)
            why = "a port has one target in a container, and an earlier rule has another one";
    }
    return why;
}

/* Returns whether an earlier line has the same ports of the same rule, and was named for them. */
static bool is_named(const struct format *format, const struct redirect *r, size_t index)
{
    const struct redirect_line *line = &r->line[index];
    size_t i = 0;

    while (i < index && (r->line[i].rule != line->rule || r->line[i].first != line->first ||
                         r->line[i].last != line->last || refusal(format, r, i) == NULL))
        i++;
    return i < index;
}

/* Names the ports if they are not all of the rule. */
static void print_refusal(const struct format *format, const struct table *t,
                          const struct redirect_line *line, const char *why)
{
    const struct rule *rule = &t->rule[line->rule];
    CLEANUP_FREE char *text = NULL;

    if (line->first == rule->first && line->last == rule->last)
        text = memory_format("cannot be said in the format %s: %s", format->name, why);
    else if (line->first == line->last)
        text = memory_format("cannot be said in the format %s, port %u: %s", format->name,
                             line->first, why);
    else
        text = memory_format("cannot be said in the format %s, ports %u-%u: %s", format->name,
                             line->first, line->last, why);
    print_note(t, line->rule, text);
}

/* Drops the lines that the format cannot have. */
static void drop_lines(const struct format *format, const struct table *t, struct redirect *r)
{
    CLEANUP_FREE bool *is_refused = memory_check(calloc(r->count + 1, sizeof(*is_refused)));
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        const char *why = refusal(format, r, i);
        is_refused[i] = why != NULL;
        if (why != NULL && !is_named(format, r, i))
            print_refusal(format, t, &r->line[i], why);
    }
    for (size_t i = 0; i < r->count; i++) {
        if (!is_refused[i])
            r->line[kept++] = r->line[i];
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
    if (!redirect_make(r, in->table, format->kind == FORMAT_PROXY, live, live_count))
        memory_is_out();
    in->redirect = r;
    print_notes(format, in);
    if (format->kind == FORMAT_CONTAINER)
        container_narrow(r, in->table);
    if (format->kind == FORMAT_PROXY || format->kind == FORMAT_CONTAINER)
        proxy_join(r);
    if (format->has_http && !proxy_split(r))
        memory_is_out();
    drop_lines(format, in->table, r);
    if (r->count == 0)
        message_die(STATUS_NO, "no rule of the table can be exported");
    if (format->kind == FORMAT_FIREWALL)
        warn_of_servers(r);
}

/* ---- grants ---- */

/*
 * Returns whether the rule counts for the format, after a message about it. One that denies or
 * drops ports does: for rules behind it.
 */
static bool can_grant(const struct format *format, const struct table *t, size_t rule)
{
    static const char *const TEXTS[] = {
        [GRANT_DONE] = NULL,
        [GRANT_UNPRIVILEGED] = "is left out: every user may bind its ports",
        [GRANT_ADDRESS] = "has an address as its target, which the server must bind itself",
    };
    const struct rule *r = &t->rule[rule];
    enum grant_note note = grant_note(r);
    bool is_left_out = note == GRANT_NO_SERVER || note == GRANT_UNPRIVILEGED;
    bool is_long = !format->has_ranges && r->last - r->first >= FORMAT_PORTS_MAX;
    const char *why = format->cannot_grant != NULL ? format->cannot_grant(r) : NULL;

    if (why == NULL && is_long)
        why = TOO_MANY_PORTS;
    if (why != NULL && !is_left_out) {
        struct redirect_line line = {.rule = rule, .first = r->first, .last = r->last};
        print_refusal(format, t, &line, why);
        return false;
    }
    const char *text = note == GRANT_NO_SERVER ? OF_TARGET[r->target] : TEXTS[note];
    if (text != NULL)
        print_note(t, rule, text);
    return note != GRANT_UNPRIVILEGED;
}

void exported_grant(const struct format *format, struct format_input *in, struct grant *g)
{
    static struct table kept;
    struct grant_range first = {.proto = PROTO_ANY};

    for (size_t i = 0; i < in->table->count; i++) {
        if (can_grant(format, in->table, i))
            kept.rule[kept.count++] = in->table->rule[i];
    }
    in->table = &kept;
    grant_make(g, in->table);
    in->grant = g;
    if (!grant_next(g, &first))
        message_die(STATUS_NO, "no rule of the table can be exported");
}
