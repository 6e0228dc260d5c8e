#include "core/words.h"

#include "core/rule.h"
#include "core/service.h"

/* ---- errors ---- */

bool words_fault(const struct words *w, const char *at, const char *message)
{
    struct text out = diag_at(w->diag, w->source, at);
    text_string(&out, message);
    return false;
}

/* Reports "BEFORE'TEXT'AFTER". */
static bool fault_quoting_at(const struct words *w, const char *at, const char *before,
                             struct span s, const char *after)
{
    enum { SHOWN = 40 };
    struct text out = diag_at(w->diag, w->source, at);
    size_t shown = w->source->is_secret ? 0 : span_size(s) < SHOWN ? span_size(s) : SHOWN;

    text_string(&out, before);
    text_char(&out, '\'');
    text_printable(&out, s.at, shown);
    text_string(&out, shown == span_size(s) ? "'" : "...'");
    text_string(&out, after);
    return false;
}

bool words_fault_quoting(const struct words *w, const char *before, struct span s,
                         const char *after)
{
    return fault_quoting_at(w, s.at, before, s, after);
}

bool words_fault_left_over(const struct words *w, const char *at, const char *end)
{
    return words_fault_quoting(w, "", span_trimmed((struct span){at, end}),
                               " is left over: separate rules by a comma or a newline");
}

/* ---- numbers and ports ---- */

const char *words_number(struct span s, unsigned *number)
{
    *number = 0;
    while (s.at < s.end && *s.at >= '0' && *s.at <= '9') {
        if (*number <= WORDS_PORT_MAX)
            *number = *number * 10 + (unsigned)(*s.at - '0');
        s.at++;
    }
    return s.at;
}

/* Returns the port that `s` is by number or name, or 0 if it is none. */
static uint16_t port_value(struct span s)
{
    unsigned number;

    if (s.at < s.end && words_number(s, &number) == s.end)
        return number <= WORDS_PORT_MAX ? (uint16_t)number : 0;
    return service_port(s.at, span_size(s));
}

bool words_port(const struct words *w, struct span s, uint16_t *port)
{
    unsigned number;

    if (s.at == s.end)
        return words_fault(w, s.at, "a port is missing: use a number 1-65535 or an IANA name");
    *port = port_value(s);
    if (*port != 0)
        return true;

    const char *rest = words_number(s, &number);
    if (rest == s.end)
        return words_fault_quoting(w, "port ", s, " is out of range: use 1-65535");
    if (rest > s.at)
        return words_fault_left_over(w, rest, s.end);
    for (const char *at = s.at; at < s.end; at++) {
        if (span_is_blank(*at) && service_port(s.at, (size_t)(at - s.at)) != 0)
            return words_fault_left_over(w, at, s.end);
    }
    return words_fault_quoting(w, "unknown port name ", s,
                               ": use a number 1-65535 or an IANA name");
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
        if (fallback == NULL && (port_value(left) != 0 || words_number(left, &number) > s.at))
            fallback = at;
    }
    return fallback;
}

bool words_ports(const struct words *w, struct span s, uint16_t *first, uint16_t *last)
{
    const char *hyphen = port_value(s) != 0 ? NULL : range_hyphen(s);

    if (hyphen == NULL) {
        if (!words_port(w, s, first))
            return false;
        *last = *first;
        return true;
    }
    if (!words_port(w, (struct span){s.at, hyphen}, first) ||
        !words_port(w, (struct span){hyphen + 1, s.end}, last))
        return false;
    if (*first > *last)
        return words_fault_quoting(w, "range ", s, " runs backwards: write the lower port first");
    return true;
}

/* ---- protocol and host ---- */

/* Tells how to write "tcp:80=8080". */
static bool fault_colon(const struct words *w, const char *proto, const char *colon)
{
    char buf[RULE_TEXT_MAX];
    struct text corrected;

    text_init(&corrected, buf, sizeof(buf));
    text_bytes(&corrected, proto, (size_t)(colon - proto));
    text_char(&corrected, '/');
    text_bytes(&corrected, colon + 1, (size_t)(w->end - colon - 1));
    return fault_quoting_at(w, colon, "a slash ends a protocol: write ",
                            (struct span){buf, buf + corrected.used}, "");
}

bool words_proto(const struct words *w, struct span *s, enum proto *proto)
{
    const char *at = s->at, *colon = span_find(*s, ':');

    *proto = PROTO_ANY;
    if (colon != NULL && proto_from_name(at, (size_t)(colon - at)) != PROTO_ANY)
        return fault_colon(w, at, colon);
    while (at < s->end && !span_is_blank(*at) && *at != '/')
        at++;
    if (at == s->end)
        return true;
    struct span word = {s->at, at};
    *proto = proto_from_name(word.at, span_size(word));
    if (*proto == PROTO_ANY) {
        if (span_is_blank(*at) && port_value(word) != 0)
            return words_fault_left_over(w, at, s->end);
        return words_fault_quoting(w, "unknown protocol ", word, ": use tcp, udp or sctp");
    }
    s->at = *at == '/' ? at + 1 : span_trimmed((struct span){at, s->end}).at;
    return true;
}

static bool parse_bracketed_host(const struct words *w, struct span *s, struct addr *host)
{
    const char *close = span_find(*s, ']');
    struct addr addr;

    if (close == NULL)
        return words_fault(w, s->at, "the bracket is not closed: write an IPv6 address as [::1]");
    struct span inner = {s->at + 1, close};
    if (!addr_parse(&addr, inner.at, span_size(inner)) || addr.family != AF_INET6)
        return words_fault_quoting(w, "", inner, " is not an IPv6 address: write one as [::1]");
    if (close + 1 == s->end || close[1] != ':')
        return words_fault(w, close + 1, "a port is missing after the address: write [::1]:PORT");
    *host = addr_unmapped(&addr);
    s->at = close + 2;
    return true;
}

bool words_host(const struct words *w, struct span *s, struct addr *host, bool *wildcard)
{
    *host = (struct addr){.family = AF_UNSPEC};
    *wildcard = false;
    if (s->at < s->end && *s->at == '[')
        return parse_bracketed_host(w, s, host);

    const char *colon = span_find(*s, ':');
    if (colon == NULL)
        return true;
    struct span word = {s->at, colon};
    if (span_find((struct span){colon + 1, s->end}, ':') != NULL)
        return words_fault(w, s->at,
                           "more than one colon: write an IPv6 address in brackets, as [::1]");
    *wildcard = span_is(word, "*");
    if (!*wildcard && !addr_parse(host, word.at, span_size(word)))
        return words_fault_quoting(w, "", word, " is not an address: use IPv4, [IPv6] or *");
    s->at = colon + 1;
    return true;
}
