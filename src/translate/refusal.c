#include "translate/refusal.h"

#include <errno.h>

#include "linux/port_owner.h"
#include "linux/sock_diag.h"
#include "translate/engine.h"

/* ---- which process has the port ---- */

/* Appends "nginx (pid 123)", or as much of that as can be seen. */
static void append_owner(struct text *out, const struct port_owner *owner)
{
    if (owner->pid == engine_pid())
        text_string(out, "this process");
    else
        port_owner_format(owner, out);
}

/* Which process has the port that was refused. */
struct in_use {
    struct port_owner owner;
    bool is_seen;                        /* its socket is, and `owner` filled in */
    bool is_own;                         /* it is the process that binds */
    const struct registry_entry *record; /* of its socket, or NULL */
};

/* Returns false if the record is of an earlier socket. */
static bool is_about(const struct registry_entry *record, const struct port_owner *owner)
{
    return registry_knows_sockets(record) ? registry_knows_socket(record, owner->inode)
                                          : record->uid == owner->uid;
}

/* Unlike /proc, sock_diag lists TCP sockets that do not listen, too. */
static bool find_recorded(const struct registry_entry *record, struct port_owner *owner)
{
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    bool is_found = false;

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, record->netns, &record->actual);
    while (!is_found && sock_diag_next(&dump, &socket)) {
        *owner = (struct port_owner){.inode = socket.inode, .uid = socket.uid};
        is_found = is_about(record, owner);
    }
    sock_diag_end(&dump);
    return is_found;
}

static struct in_use find_owner(const struct endpoint *actual, const struct registry_entry *record)
{
    struct in_use found = {.record = record};
    struct port_owner *owner = &found.owner;
    /* 0 is this process, whatever its number is to the /proc that is mounted. */
    pid_t viewer = engine_kind == ENGINE_PRELOAD ? 0 : engine_pid();

    engine_begins_long_work();
    found.is_seen = (record != NULL && find_recorded(record, owner)) ||
                    port_owner_find_socket(viewer, actual, owner);
    if (!found.is_seen)
        return found;
    owner->first = viewer;
    port_owner_find_processes(owner, 1);
    found.is_own = owner->pid == engine_pid();
    if (record != NULL && !is_about(record, owner))
        found.record = NULL;
    return found;
}

/* ---- in use ---- */

/* Of a port that another socket has: appends "port 80 already belongs to nginx (pid 123)". */
static void append_belongs(struct text *out, uint16_t port)
{
    text_string(out, "port ");
    text_number(out, port);
    text_string(out, " already belongs to ");
}

/* Appends "'80=auto'". */
static void append_auto(struct text *out, const struct endpoint *asked)
{
    text_char(out, '\'');
    text_number(out, asked->port);
    text_string(out, "=auto'");
}

/* The asked port has a server in the tree. With --name, or another REMAP_STATE, there are two trees. */
static void append_taken(struct text *out, const struct settings *settings,
                         const struct endpoint *asked, const struct port_owner *owner)
{
    struct decision d = table_decide(&settings->config.table, asked);

    append_belongs(out, asked->port);
    if (owner->pid != 0)
        append_owner(out, owner);
    else
        text_string(out, "another server");
    text_string(out, " in this tree: add --name NAME to run a second server on it, or set "
                     "REMAP_STATE");
    if (d.action == ACTION_AUTO || d.first != d.last)
        return;
    text_string(out, ", and use ");
    append_auto(out, asked);
}

/* The actual port has another owner, or an unknown one. */
static void append_outside(struct text *out, const struct endpoint *asked,
                           const struct endpoint *actual, const struct in_use *found)
{
    if (found->is_seen) {
        append_belongs(out, actual->port);
        append_owner(out, &found->owner);
    } else {
        text_string(out, "address already in use");
    }
    bool can_be_stopped = found->is_seen && found->owner.pid != 0 && !found->is_own;
    text_string(out, can_be_stopped ? ": stop it, or give port " : ": give port ");
    text_number(out, asked->port);
    text_string(out, " another target, such as ");
    append_auto(out, asked);
}

void refusal_append_asked(struct text *out, const struct registry_entry *record, enum proto proto)
{
    struct endpoint e = record->asked;

    e.proto = e.proto == PROTO_ANY ? proto : e.proto;
    endpoint_format(&e, out);
}

/* Appends which process has the port, for which asked endpoint, and what to do about it. */
static void append_in_use(struct text *out, const struct settings *settings,
                          const struct endpoint *asked, const struct endpoint *actual,
                          const struct registry_entry *record)
{
    struct in_use found = find_owner(actual, record);
    bool is_same = found.record != NULL && found.record->asked.port == asked->port;
    bool is_joined = is_same && !addr_overlap(&found.record->asked.addr, &asked->addr);

    record = found.record;
    if (record == NULL || (!is_same && record->asked.port == record->actual.port)) {
        append_outside(out, asked, actual, &found);
        return;
    }
    if (is_same && !is_joined && found.is_seen && !found.is_own) {
        append_taken(out, settings, asked, &found.owner);
        return;
    }
    text_string(out, "address already in use");
    if (found.is_seen) {
        text_string(out, " by ");
        append_owner(out, &found.owner);
    }
    text_string(out, ", for ");
    refusal_append_asked(out, record, asked->proto);
    if (!is_same)
        text_string(out, ": give one of them another target");
    else if (is_joined)
        text_string(out, ": restrict the rule to one of the two addresses");
    else if (!found.is_seen)
        text_string(out, ": set SO_REUSEADDR if that socket was closed");
}

/* ---- all refusals ---- */

static void append_failure(struct text *out, int failure, bool is_moved)
{
    switch (failure) {
    case EACCES:
        text_string(out, "permission denied: choose a target port that this user may bind");
        break;
    case EADDRNOTAVAIL:
        text_string(out, "this host has no such address");
        text_string(out, is_moved ? ": correct it in the table" : "");
        break;
    case EAFNOSUPPORT:
        text_string(out, "the socket is of another address family: "
                         "write a rule for each family");
        break;
    case EINVAL:
        text_string(out, "the socket is already bound, or is for IPv6 only");
        break;
    default:
        text_string(out, "errno ");
        text_number(out, (unsigned long)failure);
    }
}

void refusal_append(struct text *out, const struct settings *settings, const struct endpoint *asked,
                    const struct endpoint *actual, int failure, const struct registry_entry *record)
{
    if (failure == EADDRINUSE)
        append_in_use(out, settings, asked, actual, record);
    else
        append_failure(out, failure, !addr_equal(&asked->addr, &actual->addr));
}
