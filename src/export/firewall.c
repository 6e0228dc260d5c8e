/*
 * How a port is redirected. The rules of nft.c and iptables.c are in a table or in chains of
 * their own, so that the kernel is the only record of what is up. They do three things:
 *
 *   redirect  changes the port, and the address if the rule names one, of packets that begin a
 *             connection to an address of this host. Otherwise it leaves the address alone, which
 *             REDIRECT would not: a server on the second address of an interface is reached, too.
 *   guard     drops answers from the actual ports that the owner did not send (--owner).
 *   hide      refuses connections from other hosts to the actual ports themselves (--hide).
 *
 * The guard of TCP judges connections, not packets. The user of a packet is that of the socket's
 * file: a connection that a worker accepted has the worker's. A closed socket has no user, but may
 * still have data to send. So a connection that the owner has answered gets a label, and what has
 * the label passes. The first answer (SYN-ACK) comes from the listener. In a flood of SYNs the
 * kernel answers without a socket (SYN cookies). That passes, too, but what follows gets the label
 * only if the owner sends it. A refusal (RST) carries no data, and passes.
 *
 * Nor can another user begin a connection from an actual port: if it is to the port that a client
 * is about to connect from, both ends take it for the client's (a simultaneous open, RFC 9293), and
 * what the other user sends is no reply then.
 *
 * The guard of UDP judges datagrams: the owner must have sent each, also one that answers nothing.
 * A server that is bound to all addresses may answer from another address than it was asked on, and
 * such an answer looks like a new conversation.
 *
 * For packets without a socket nft and iptables differ: '! --uid-owner' matches, 'skuid !=' does
 * not.
 */
#include "export/firewall.h"

#include "core/text.h"

enum { COMMENT_MAX = 128 }; /* what nft takes; iptables takes more */

bool firewall_is_alone(const struct redirect_line *line, bool from_local)
{
    return line->is_alone || (!from_local && addr_is_loopback(&line->to));
}

bool firewall_is_split(const struct redirect *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (firewall_is_alone(&r->line[i], false) != firewall_is_alone(&r->line[i], true))
            return true;
    }
    return false;
}

uint16_t firewall_to_last(const struct redirect_line *line)
{
    return (uint16_t)(line->to_first + (line->last - line->first));
}

static bool has_proto(const struct redirect_line *line, enum proto proto)
{
    return !line->is_alone && (line->proto == PROTO_ANY || line->proto == proto);
}

bool firewall_has_actual(const struct redirect *r, size_t index, enum proto proto)
{
    const struct redirect_line *line = &r->line[index];

    if (!has_proto(line, proto))
        return false;
    for (size_t i = 0; i < index; i++) {
        const struct redirect_line *earlier = &r->line[i];
        if (has_proto(earlier, proto) && earlier->to_first == line->to_first &&
            firewall_to_last(earlier) == firewall_to_last(line))
            return false;
    }
    return true;
}

unsigned firewall_label(const struct format_options *o)
{
    return 64 + (o->owner != NULL ? o->owner_id % 64 : 0);
}

/* ---- comments ---- */

/* FNV-1a. */
static uint32_t hash(uint32_t sum, unsigned value)
{
    return (sum ^ value) * 16777619U;
}

static uint32_t hash_addr(uint32_t sum, const struct addr *addr)
{
    sum = hash(sum, addr->family);
    for (size_t i = 0; i < sizeof(addr->bytes); i++)
        sum = hash(sum, addr->bytes[i]);
    return sum;
}

static uint32_t hash_lines(const struct redirect *r)
{
    uint32_t sum = 2166136261U;

    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        const unsigned values[] = {line->proto, line->family, line->is_alone,
                                   line->first, line->last,   line->to_first};
        for (size_t k = 0; k < sizeof(values) / sizeof(*values); k++)
            sum = hash(sum, values[k]);
        sum = hash_addr(hash_addr(sum, &line->host), &line->to);
    }
    return sum;
}

/* Writes the comment on the table and the options. Returns false if it is cut. */
static bool format_comment(uint32_t mark, const struct format_options *o, char buf[COMMENT_MAX + 1])
{
    struct text text;

    text_init(&text, buf, COMMENT_MAX + 1);
    text_string(&text, "remap mark=");
    text_number(&text, mark);
    text_string(&text, o->is_given ? " given=yes :" : " given=no :");
    if (o->is_local)
        text_string(&text, " local");
    if (o->is_hidden)
        text_string(&text, " hide");
    if (o->owner != NULL) {
        text_string(&text, " owner=");
        text_number(&text, o->owner_id);
    }
    for (size_t i = 0; i < o->interfaces; i++) {
        text_string(&text, i == 0 ? " interface=" : ",");
        text_string(&text, o->interface[i]);
    }
    return !text.cut;
}

void firewall_print_comments(const struct format_input *in, const char *before, FILE *out)
{
    const struct format_options *o = in->options;
    char buf[COMMENT_MAX + 1];

    format_comment(hash_lines(in->redirect), o, buf);
    fprintf(out, "%s\"remap user=%s run=%s\"\n%s\"%s\"\n", before, o->user != NULL ? o->user : "",
            o->run != NULL ? o->run : "", before, buf);
}

bool firewall_fits(const struct format_options *o)
{
    char buf[COMMENT_MAX + 1];

    return format_comment(UINT32_MAX, o, buf);
}

/* ---- summary ---- */

enum { SUMMARY_MAX = 8 }; /* lines that are named */

static void print_end(const struct addr *addr, uint16_t first, uint16_t last, FILE *out)
{
    char buf[FIREWALL_ADDR_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    if (addr->family != AF_UNSPEC) {
        addr_format(addr, &text);
        text_char(&text, ':');
    }
    fprintf(out, "%s%u", buf, first);
    if (last != first)
        fprintf(out, "-%u", last);
}

static void print_summary_line(const struct redirect_line *line, bool is_outside, FILE *out)
{
    bool is_any = line->host.family == AF_UNSPEC && line->to.family == AF_UNSPEC;

    fprintf(out, "%s ", line->proto == PROTO_ANY ? "tcp and udp" : proto_name(line->proto));
    print_end(&line->host, line->first, line->last, out);
    fputs(" -> ", out);
    print_end(&line->to, line->to_first, firewall_to_last(line), out);
    if (is_any && line->family != AF_UNSPEC)
        fputs(line->family == AF_INET6 ? " (IPv6)" : " (IPv4)", out);
    if (!is_outside)
        fputs(" (this host alone)", out);
}

static void print_where(const struct format_options *o, FILE *out)
{
    fputs(", from ", out);
    for (size_t i = 0; i < o->interfaces; i++)
        fprintf(out, "%s%s", i == 0 ? "" : ", ", o->interface[i]);
    fputs(o->interfaces == 0 ? "outside" : "", out);
    fputs(o->is_local ? " and local" : "", out);
    if (o->owner != NULL)
        fprintf(out, ", only %s may answer", o->owner);
    if (o->is_hidden)
        fputs(", other hosts cannot use the actual ports", out);
    fputc('\n', out);
}

void firewall_print_summary(const struct format_input *in, FILE *out)
{
    const struct format_options *o = in->options;
    size_t count = 0;

    fputs("# ", out);
    for (size_t i = 0; i < in->redirect->count; i++) {
        const struct redirect_line *line = &in->redirect->line[i];
        bool is_outside = !firewall_is_alone(line, false);
        if (!is_outside && !(o->is_local && !firewall_is_alone(line, true)))
            continue;
        if (++count > SUMMARY_MAX)
            continue;
        fputs(count > 1 ? ", " : "", out);
        print_summary_line(line, is_outside, out);
    }
    if (count > SUMMARY_MAX)
        fprintf(out, " and %zu more", count - SUMMARY_MAX);
    print_where(o, out);
}

const char *firewall_addr(const struct addr *addr, char buf[FIREWALL_ADDR_MAX])
{
    struct text text;

    text_init(&text, buf, FIREWALL_ADDR_MAX);
    addr_format(addr, &text);
    if (addr->family != AF_INET6)
        return buf;
    buf[text.used - 1] = '\0';
    return buf + 1;
}
