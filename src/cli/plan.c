#include "cli/plan.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/output.h"
#include "cli/remapped.h"
#include "cli/user.h"
#include "linux/netns.h"
#include "linux/sock_diag.h"

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

/* Returns false after a message if a rule has a privileged target. */
static bool check_targets(const struct redirect *r, const struct table *t)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        if (r->note[i] == REDIRECT_PRIVILEGED) {
            message_print("rule %zu (%s) goes to a privileged port, which needs no redirect: use "
                          "a port from 1024 up",
                          i + 1, output_rule(&t->rule[i], buf));
            return false;
        }
    }
    return true;
}

/* Warns of servers that listen on a port that is redirected: other hosts cannot reach them then. */
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
 * Lists the running servers of the user of the options: malloc'ed, *count of them. Anybody can
 * write to their own registry, so a socket must be that user's, too. Returns a status.
 */
static int list_lives(const struct format_options *o, struct redirect_live **list, size_t *count)
{
    struct remapped_list all;
    uid_t uid = geteuid();

    if (o->user != NULL && !user_become(o->user, &uid))
        return STATUS_UNAVAILABLE;
    int status = remapped_find(o->run, false, &all);
    if (status != STATUS_OK)
        return status;
    *list = calloc(all.count + 1, sizeof(**list));
    for (size_t i = 0; *list != NULL && i < all.count; i++) {
        const struct remapped *live = &all.list[i];
        if (live->listens && (o->user == NULL || live->uid == uid))
            (*list)[(*count)++] = (struct redirect_live){live->entry.asked, live->entry.actual,
                                                         live->v6only, order_of(&live->entry)};
    }
    remapped_free(&all);
    return *list != NULL ? STATUS_OK : message_no_memory();
}

/* Returns a status. */
static int make(struct redirect *r, const struct table *t, const struct redirect_live *live,
                size_t live_count)
{
    if (!redirect_make(r, t, live, live_count))
        return message_no_memory();
    return check_targets(r, t) ? STATUS_OK : STATUS_BAD_TABLE;
}

int plan_for_now(struct redirect *r, const struct format_options *o, const struct table *t)
{
    struct redirect_live *live = NULL;
    size_t live_count = 0;
    int status = leaves_a_choice(t) ? list_lives(o, &live, &live_count) : STATUS_OK;

    if (status == STATUS_OK)
        status = make(r, t, live, live_count);
    free(live);
    if (status != STATUS_OK)
        return status;
    print_notes(r, t, o->is_local);
    if (r->count == 0) {
        message_print("no rule of the table can be redirected");
        return STATUS_NO;
    }
    warn_of_servers(r);
    return STATUS_OK;
}

int plan_for_later(struct redirect *r, const struct table *t)
{
    return make(r, t, NULL, 0);
}
