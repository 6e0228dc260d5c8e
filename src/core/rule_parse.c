/* Reads a rule, from left to right; errors point at the text. */
#include <errno.h>

#include "core/errname.h"
#include "core/rule.h"
#include "core/service.h"

enum { PORT_MAX = 65535 };

/* What the functions below need to report an error. */
struct parser {
    const struct source *source;
    struct diag *diag;
    const char *end; /* of the rule */
};

/* ---- errors: each function returns false, for the parser to return ---- */

static bool fault(const struct parser *p, const char *at, const char *message)
{
    struct text out = diag_at(p->diag, p->source, at);
    text_string(&out, message);
    return false;
}

/* Reports "BEFORE'TEXT'AFTER". */
static bool fault_quoting_at(const struct parser *p, const char *at, const char *before,
                             struct span s, const char *after)
{
    enum { SHOWN = 40 };
    struct text out = diag_at(p->diag, p->source, at);
    size_t shown = p->source->is_secret ? 0 : span_size(s) < SHOWN ? span_size(s) : SHOWN;

    text_string(&out, before);
    text_char(&out, '\'');
    text_printable(&out, s.at, shown);
    text_string(&out, shown == span_size(s) ? "'" : "...'");
    text_string(&out, after);
    return false;
}

/* Reports it at the text. */
static bool fault_quoting(const struct parser *p, const char *before, struct span s,
                          const char *after)
{
    return fault_quoting_at(p, s.at, before, s, after);
}

static bool fault_left_over(const struct parser *p, const char *at, const char *end)
{
    return fault_quoting(p, "", span_trimmed((struct span){at, end}),
                         " is left over: separate rules by a comma or a newline");
}

/* ---- numbers and ports ---- */

/* Reads leading digits and returns their end. The number stops growing above PORT_MAX. */
static const char *read_number(struct span s, unsigned *number)
{
    *number = 0;
    while (s.at < s.end && *s.at >= '0' && *s.at <= '9') {
        if (*number <= PORT_MAX)
            *number = *number * 10 + (unsigned)(*s.at - '0');
        s.at++;
    }
    return s.at;
}

/* Returns the port that `s` is by number or name, or 0 if it is none. */
static uint16_t port_value(struct span s)
{
    unsigned number;

    if (s.at < s.end && read_number(s, &number) == s.end)
        return number <= PORT_MAX ? (uint16_t)number : 0;
    return service_port(s.at, span_size(s));
}

static bool parse_port(const struct parser *p, struct span s, uint16_t *port)
{
    unsigned number;

    if (s.at == s.end)
        return fault(p, s.at, "a port is missing: use a number 1-65535 or an IANA name");
    *port = port_value(s);
    if (*port != 0)
        return true;

    const char *rest = read_number(s, &number);
    if (rest == s.end)
        return fault_quoting(p, "port ", s, " is out of range: use 1-65535");
    if (rest > s.at)
        return fault_left_over(p, rest, s.end);
    for (const char *at = s.at; at < s.end; at++) {
        if (span_is_blank(*at) && service_port(s.at, (size_t)(at - s.at)) != 0)
            return fault_left_over(p, at, s.end);
    }
    return fault_quoting(p, "unknown port name ", s, ": use a number 1-65535 or an IANA name");
}

/*
 * Returns the hyphen of a range, or NULL. Names contain hyphens too (ftp-data): the hyphen
 * of a range has a port on both sides. If there is none, returns the first hyphen after a
 * number or a name, so that the error points at the invalid side.
 */
static const char *range_hyphen(struct span s)
{
    const char *fallback = NULL;
    unsigned number;

    for (const char *at = span_find(s, '-'); at != NULL;
         at = span_find((struct span){at + 1, s.end}, '-')) {
        struct span left = {s.at, at}, right = {at + 1, s.end};
        if (port_value(left) != 0 && port_value(right) != 0)
            return at;
        if (fallback == NULL && (port_value(left) != 0 || read_number(left, &number) > s.at))
            fallback = at;
    }
    return fallback;
}

static bool parse_ports(const struct parser *p, struct span s, uint16_t *first, uint16_t *last)
{
    const char *hyphen = port_value(s) != 0 ? NULL : range_hyphen(s);

    if (hyphen == NULL) {
        if (!parse_port(p, s, first))
            return false;
        *last = *first;
        return true;
    }
    if (!parse_port(p, (struct span){s.at, hyphen}, first) ||
        !parse_port(p, (struct span){hyphen + 1, s.end}, last))
        return false;
    if (*first > *last)
        return fault_quoting(p, "range ", s, " runs backwards: write the lower port first");
    return true;
}

/* ---- protocol and host: each function removes what it reads from the front of `s` ---- */

/* Tells how to write "tcp:80=8080". */
static bool fault_colon(const struct parser *p, const char *proto, const char *colon)
{
    char buf[RULE_TEXT_MAX];
    struct text corrected;

    text_init(&corrected, buf, sizeof(buf));
    text_bytes(&corrected, proto, (size_t)(colon - proto));
    text_char(&corrected, '/');
    text_bytes(&corrected, colon + 1, (size_t)(p->end - colon - 1));
    return fault_quoting_at(p, colon, "a slash ends a protocol: write ",
                            (struct span){buf, buf + corrected.used}, "");
}

static bool parse_proto(const struct parser *p, struct span *s, enum proto *proto)
{
    const char *at = s->at, *colon = span_find(*s, ':');

    *proto = PROTO_ANY;
    if (colon != NULL && proto_from_name(at, (size_t)(colon - at)) != PROTO_ANY)
        return fault_colon(p, at, colon);
    while (at < s->end && !span_is_blank(*at) && *at != '/')
        at++;
    if (at == s->end)
        return true;
    struct span word = {s->at, at};
    *proto = proto_from_name(word.at, span_size(word));
    if (*proto == PROTO_ANY) {
        if (span_is_blank(*at) && port_value(word) != 0)
            return fault_left_over(p, at, s->end);
        return fault_quoting(p, "unknown protocol ", word, ": use tcp, udp or sctp");
    }
    s->at = *at == '/' ? at + 1 : span_trimmed((struct span){at, s->end}).at;
    return true;
}

static bool parse_bracketed_host(const struct parser *p, struct span *s, struct addr *host)
{
    const char *close = span_find(*s, ']');
    struct addr addr;

    if (close == NULL)
        return fault(p, s->at, "the bracket is not closed: write an IPv6 address as [::1]");
    struct span inner = {s->at + 1, close};
    if (!addr_parse(&addr, inner.at, span_size(inner)) || addr.family != AF_INET6)
        return fault_quoting(p, "", inner, " is not an IPv6 address: write one as [::1]");
    if (close + 1 == s->end || close[1] != ':')
        return fault(p, close + 1, "a port is missing after the address: write [::1]:PORT");
    *host = addr_unmapped(&addr);
    s->at = close + 2;
    return true;
}

/* *wildcard is whether the host is "*", which *host cannot express. */
static bool parse_host(const struct parser *p, struct span *s, struct addr *host, bool *wildcard)
{
    *host = (struct addr){.family = AF_UNSPEC};
    *wildcard = false;
    if (s->at < s->end && *s->at == '[')
        return parse_bracketed_host(p, s, host);

    const char *colon = span_find(*s, ':');
    if (colon == NULL)
        return true;
    struct span word = {s->at, colon};
    if (span_find((struct span){colon + 1, s->end}, ':') != NULL)
        return fault(p, s->at, "more than one colon: write an IPv6 address in brackets, as [::1]");
    *wildcard = span_is(word, "*");
    if (!*wildcard && !addr_parse(host, word.at, span_size(word)))
        return fault_quoting(p, "", word, " is not an address: use IPv4, [IPv6] or *");
    s->at = colon + 1;
    return true;
}

/* ---- targets ---- */

static bool parse_offset(const struct parser *p, struct span s, struct rule *rule)
{
    unsigned distance;
    struct span digits = {s.at + 1, s.end};
    const char *rest = read_number(digits, &distance);

    if (rest == digits.at)
        return fault(p, digits.at, "a number is missing after the sign: write +8000 or -8000");
    if (rest < s.end)
        return fault_left_over(p, rest, s.end);

    int offset = *s.at == '+' ? (int)distance : -(int)distance;
    if (rule->first + offset < 1 || rule->last + offset > PORT_MAX)
        return fault_quoting(p, "offset ", s, " leaves the ports 1-65535: use a smaller one");
    rule->target = RULE_OFFSET;
    rule->to_first = (uint16_t)(rule->first + offset);
    rule->to_last = (uint16_t)(rule->last + offset);
    return true;
}

static bool parse_target_ports(const struct parser *p, struct span s, struct rule *rule)
{
    if (!parse_ports(p, s, &rule->to_first, &rule->to_last))
        return false;
    int asked = rule->last - rule->first, given = rule->to_last - rule->to_first;
    if (asked != given && asked != 0) {
        struct text out = diag_at(p->diag, p->source, s.at);
        text_number(&out, (unsigned)asked + 1);
        text_string(&out, " ports cannot become ");
        text_number(&out, (unsigned)given + 1);
        text_string(&out, ": make both ranges the same length");
        return false;
    }
    rule->target = asked == given ? RULE_PORTS : RULE_POOL;
    return true;
}

/* Whether every character may be in a name: printable ASCII that does not end it in a table. */
static bool is_name(struct span s)
{
    for (const char *at = s.at; at < s.end; at++) {
        if (*at <= ' ' || *at > '~' || *at == ':' || *at == '=')
            return false;
    }
    return true;
}

/* Reads what follows "systemd:". */
static bool parse_name(const struct parser *p, struct span s, struct rule *rule)
{
    if (s.at == s.end)
        return fault(p, s.at, "a name is missing after the colon: write one, or systemd alone");
    if (!is_name(s))
        return fault_quoting(p, "", s,
                             " is not the name of a socket: see FileDescriptorName= in "
                             "systemd.socket(5)");
    if (span_size(s) >= RULE_NAME_SIZE)
        return fault_quoting(p, "name ", s, " is too long: use at most 63 characters");
    if (rule->first != rule->last)
        return fault_quoting(p, "several ports cannot have the one socket ", s,
                             ": write a rule for each port");
    for (size_t i = 0; i < span_size(s); i++)
        rule->name[i] = s.at[i];
    rule->target = RULE_SYSTEMD;
    return true;
}

/* Reads what follows "deny:". */
static bool parse_errno(const struct parser *p, struct span s, struct rule *rule)
{
    unsigned number;

    if (s.at == s.end)
        return fault(p, s.at, "an error is missing after the colon: write one, or deny alone");
    if (read_number(s, &number) != s.end)
        number = errname_number(s.at, span_size(s));
    if (errname_of(number) == NULL)
        return fault_quoting(p, "unknown error ", s,
                             ": use a name or number of errno(3), such as EADDRINUSE");
    rule->target = RULE_DENY;
    rule->error = (uint16_t)number;
    return true;
}

static bool parse_target(const struct parser *p, struct span s, struct rule *rule)
{
    struct span rest = s, word = span_word(&rest);
    const char *colon = span_find(s, ':');

    if (colon != NULL) {
        struct span before = {s.at, colon}, behind = {colon + 1, s.end};
        if (span_is(before, rule_target_name(RULE_SYSTEMD)))
            return parse_name(p, behind, rule);
        if (span_is(before, rule_target_name(RULE_DENY)))
            return parse_errno(p, behind, rule);
    }

    for (enum rule_target t = RULE_AUTO; t <= RULE_SYSTEMD; t++) {
        if (!span_is(word, rule_target_name(t)))
            continue;
        rule->target = t;
        rule->to_first = t == RULE_KEEP ? rule->first : 0;
        rule->to_last = t == RULE_KEEP ? rule->last : 0;
        rule->error = t == RULE_DENY ? EACCES : 0;
        return rest.at == rest.end || fault_left_over(p, rest.at, rest.end);
    }
    if (s.at == s.end)
        return fault(p, s.at,
                     "a target is missing: write a port, +N, auto, keep, deny, drop or systemd");
    if (!parse_host(p, &s, &rule->to, &rule->to_wildcard))
        return false;
    if (s.at < s.end && (*s.at == '+' || *s.at == '-'))
        return parse_offset(p, s, rule);
    return parse_target_ports(p, s, rule);
}

/* ---- rules ---- */

/* Reads what a rule matches. */
static bool parse_asked(const struct parser *p, struct span s, struct rule *rule)
{
    bool every;

    return parse_proto(p, &s, &rule->proto) && parse_host(p, &s, &rule->host, &every) &&
           parse_ports(p, s, &rule->first, &rule->last);
}

bool rule_parse(struct rule *rule, const struct source *source, struct span text, struct diag *d)
{
    struct parser p = {source, d, text.end};
    struct rule parsed = {.target = RULE_PORTS};
    const char *equals = span_find(text, '=');

    if (equals == NULL)
        return fault_quoting(&p, "", text, " is not a rule: write PORT=TARGET, as 80=8080");
    struct span left = span_trimmed((struct span){text.at, equals});
    struct span right = span_trimmed((struct span){equals + 1, text.end});
    if (!parse_asked(&p, left, &parsed) || !parse_target(&p, right, &parsed))
        return false;
    *rule = parsed;
    return true;
}

bool rule_parse_asked(struct rule *rule, const struct source *source, struct span text,
                      struct diag *d)
{
    struct parser p = {source, d, text.end};
    struct rule parsed = {.target = RULE_KEEP};

    if (!parse_asked(&p, text, &parsed))
        return false;
    parsed.to_first = parsed.first;
    parsed.to_last = parsed.last;
    *rule = parsed;
    return true;
}

/* The last colon divides the ports: an address has colons, too. */
bool rule_parse_published(struct rule *rule, const struct source *source, struct diag *d)
{
    struct span s = span_trimmed((struct span){source->text, source->text + source->size});
    struct parser p = {source, d, s.end};
    struct rule parsed = {.target = RULE_PORTS};
    const char *slash = span_find(s, '/');
    const char *end = slash != NULL ? slash : s.end;
    struct span asked = {end, end};

    while (asked.at > s.at && asked.at[-1] != ':' && asked.at[-1] != ']')
        asked.at--;
    if (asked.at == s.at || asked.at[-1] != ':')
        return fault_quoting(&p, "", s,
                             " is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080");
    if (slash != NULL) {
        struct span proto = {slash + 1, s.end};
        parsed.proto = proto_from_name(proto.at, span_size(proto));
        if (parsed.proto == PROTO_ANY)
            return fault_quoting(&p, "unknown protocol ", proto, ": use tcp, udp or sctp");
    }
    struct span actual = {s.at, asked.at - 1};
    if (!parse_ports(&p, asked, &parsed.first, &parsed.last) ||
        !parse_host(&p, &actual, &parsed.to, &parsed.to_wildcard) ||
        !parse_target_ports(&p, actual, &parsed))
        return false;
    *rule = parsed;
    return true;
}

bool rule_parse_endpoint(struct endpoint *e, const struct source *source, struct diag *d)
{
    struct span s = span_trimmed((struct span){source->text, source->text + source->size});
    struct parser p = {source, d, s.end};
    struct endpoint parsed;
    bool every;

    if (!parse_proto(&p, &s, &parsed.proto) || !parse_host(&p, &s, &parsed.addr, &every) ||
        !parse_port(&p, s, &parsed.port))
        return false;
    *e = parsed;
    return true;
}
