#include "cli/taken.h"

#include "cli/parts.h"
#include "cli/system.h"
#include "linux/netns.h"
#include "linux/port_owner.h"
#include "linux/sock_diag.h"

/* A socket that is in the way, and the process that has it. */
struct obstacle {
    struct endpoint asked, actual;
    struct port_owner owner;
    bool is_of_tree; /* the registry has it for the asked port */
};

/* Returns whether the rule decides about the endpoint, and maps it to one port. */
static bool find_target(size_t index, struct obstacle *o)
{
    struct decision d = table_decide(&parts.config.table, &o->asked);

    if (d.rule != (int)index || d.action != ACTION_MAP || d.first != d.last)
        return false;
    o->actual = o->asked;
    o->actual.port = d.first;
    if (d.host.family != AF_UNSPEC)
        o->actual.addr = d.host;
    return true;
}

static bool find_socket(struct obstacle *o)
{
    const struct endpoint wanted = {.proto = o->actual.proto, .port = o->actual.port};
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    bool is_found = false;

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, netns_own(), &wanted);
    while (!is_found && sock_diag_next(&dump, &socket)) {
        is_found = addr_overlap(&socket.local.addr, &o->actual.addr);
        o->owner = (struct port_owner){.inode = socket.inode, .uid = socket.uid};
    }
    sock_diag_end(&dump);
    return is_found;
}

static bool is_of_tree(const struct obstacle *o)
{
    struct registry_entry e;

    if (parts.registry == NULL || !registry_in_way(parts.registry, netns_own(), &o->actual, &e) ||
        e.asked.port != o->asked.port)
        return false;
    return registry_knows_sockets(&e) ? registry_knows_socket(&e, o->owner.inode)
                                      : e.uid == o->owner.uid;
}

static void append_port(const char *before, const struct obstacle *o, uint16_t port, struct text *t)
{
    text_string(t, before);
    text_string(t, o->asked.proto == PROTO_UDP ? "UDP port " : "port ");
    text_number(t, port);
}

static void describe(const struct obstacle *o, struct finding *f)
{
    if (is_of_tree(o)) {
        append_port("", o, o->asked.port, &f->text);
        text_string(&f->text, " already belongs to ");
        port_owner_format(&o->owner, &f->text);
        text_string(&f->text, " in this tree");
        text_string(&f->way_out, "for a second server on it, add --name NAME and use '");
    } else {
        append_port("", o, o->actual.port, &f->text);
        append_port(", where ", o, o->asked.port, &f->text);
        text_string(&f->text, " goes, is taken by ");
        port_owner_format(&o->owner, &f->text);
        text_string(&f->way_out, o->owner.pid != 0 ? "stop it, or use '" : "use '");
    }
    text_number(&f->way_out, o->asked.port);
    text_string(&f->way_out, "=auto'");
}

static void check_rule(struct findings *all, size_t index, enum proto proto)
{
    const struct rule *rule = &parts.config.table.rule[index];
    bool is_one = rule->first == rule->last;
    struct obstacle o = {.asked = {.proto = proto, .addr = rule->host, .port = rule->first}};

    if (!is_one && (rule->first > SYSTEM_WEB_PORT || rule->last < SYSTEM_WEB_PORT))
        return;
    if (!is_one)
        o.asked.port = SYSTEM_WEB_PORT;
    if (o.asked.addr.family == AF_UNSPEC)
        o.asked.addr.family = AF_INET;
    if (!find_target(index, &o) || !find_socket(&o))
        return;
    port_owner_find_processes(&o.owner, 1);
    struct finding *f = finding_add(all, "taken");
    describe(&o, f);
    /* A rule for one port says what the server will do; others, what it may do. */
    bool is_needed = is_one && (proto == PROTO_TCP || rule->proto == proto);
    f->state = is_needed && !is_of_tree(&o) ? FINDING_PROBLEM : FINDING_NOTE;
}

void taken_check(struct findings *all)
{
    enum { MOST = 8 };
    size_t before = all->count;

    for (size_t i = 0; parts.has_config && i < parts.config.table.count; i++) {
        enum proto proto = parts.config.table.rule[i].proto;
        if (all->count < before + MOST && (proto == PROTO_ANY || proto == PROTO_TCP))
            check_rule(all, i, PROTO_TCP);
        if (all->count < before + MOST && (proto == PROTO_ANY || proto == PROTO_UDP))
            check_rule(all, i, PROTO_UDP);
    }
}
