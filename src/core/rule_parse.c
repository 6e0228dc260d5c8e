/* Reads a rule, from left to right; errors point at the text. */
#include <errno.h>

#include "core/errname.h"
#include "core/rule.h"
#include "core/words.h"

/* ---- targets ---- */

static bool parse_offset(const struct words *w, struct span s, struct rule *rule)
{
    unsigned distance;
    struct span digits = {s.at + 1, s.end};
    const char *rest = words_number(digits, &distance);

    if (rest == digits.at)
        return words_fault(w, digits.at,
                           "a number is missing after the sign: write +8000 or -8000");
    if (rest < s.end)
        return words_fault_left_over(w, rest, s.end);

    int offset = *s.at == '+' ? (int)distance : -(int)distance;
    if (rule->first + offset < 1 || rule->last + offset > WORDS_PORT_MAX)
        return words_fault_quoting(w, "offset ", s, " leaves the ports 1-65535: use a smaller one");
    rule->target = RULE_OFFSET;
    rule->to_first = (uint16_t)(rule->first + offset);
    rule->to_last = (uint16_t)(rule->last + offset);
    return true;
}

static bool parse_target_ports(const struct words *w, struct span s, struct rule *rule)
{
    if (!words_ports(w, s, &rule->to_first, &rule->to_last))
        return false;
    int asked = rule->last - rule->first, given = rule->to_last - rule->to_first;
    if (asked != given && asked != 0) {
        struct text out = diag_at(w->diag, w->source, s.at);
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
static bool parse_name(const struct words *w, struct span s, struct rule *rule)
{
    if (s.at == s.end)
        return words_fault(w, s.at,
                           "a name is missing after the colon: write one, or systemd alone");
    if (!is_name(s))
        return words_fault_quoting(w, "", s,
                                   " is not the name of a socket: see FileDescriptorName= in "
                                   "systemd.socket(5)");
    if (span_size(s) >= RULE_NAME_SIZE)
        return words_fault_quoting(w, "name ", s, " is too long: use at most 63 characters");
    if (rule->first != rule->last)
        return words_fault_quoting(w, "several ports cannot have the one socket ", s,
                                   ": write a rule for each port");
    for (size_t i = 0; i < span_size(s); i++)
        rule->name[i] = s.at[i];
    rule->target = RULE_SYSTEMD;
    return true;
}

/* Reads what follows "deny:". */
static bool parse_errno(const struct words *w, struct span s, struct rule *rule)
{
    unsigned number;

    if (s.at == s.end)
        return words_fault(w, s.at,
                           "an error is missing after the colon: write one, or deny alone");
    if (words_number(s, &number) != s.end)
        number = errname_number(s.at, span_size(s));
    if (errname_of(number) == NULL)
        return words_fault_quoting(w, "unknown error ", s,
                                   ": use a name or number of errno(3), such as EADDRINUSE");
    rule->target = RULE_DENY;
    rule->error = (uint16_t)number;
    return true;
}

static bool parse_target(const struct words *w, struct span s, struct rule *rule)
{
    struct span rest = s, word = span_word(&rest);
    const char *colon = span_find(s, ':');

    if (colon != NULL) {
        struct span before = {s.at, colon}, behind = {colon + 1, s.end};
        if (span_is(before, rule_target_name(RULE_SYSTEMD)))
            return parse_name(w, behind, rule);
        if (span_is(before, rule_target_name(RULE_DENY)))
            return parse_errno(w, behind, rule);
    }

    for (enum rule_target t = RULE_AUTO; t <= RULE_SYSTEMD; t++) {
        if (!span_is(word, rule_target_name(t)))
            continue;
        rule->target = t;
        rule->to_first = t == RULE_KEEP ? rule->first : 0;
        rule->to_last = t == RULE_KEEP ? rule->last : 0;
        rule->error = t == RULE_DENY ? EACCES : 0;
        return rest.at == rest.end || words_fault_left_over(w, rest.at, rest.end);
    }
    if (s.at == s.end)
        return words_fault(
            w, s.at, "a target is missing: write a port, +N, auto, keep, deny, drop or systemd");
    if (!words_host(w, &s, &rule->to, &rule->to_wildcard))
        return false;
    if (s.at < s.end && (*s.at == '+' || *s.at == '-'))
        return parse_offset(w, s, rule);
    return parse_target_ports(w, s, rule);
}

/* ---- rules ---- */

/* Reads what a rule matches. */
static bool parse_asked(const struct words *w, struct span s, struct rule *rule)
{
    bool every;

    return words_proto(w, &s, &rule->proto) && words_host(w, &s, &rule->host, &every) &&
           words_ports(w, s, &rule->first, &rule->last);
}

bool rule_parse(struct rule *rule, const struct source *source, struct span text, struct diag *d)
{
    struct words w = {source, d, text.end};
    struct rule parsed = {.target = RULE_PORTS};
    const char *equals = span_find(text, '=');

    if (equals == NULL)
        return words_fault_quoting(&w, "", text, " is not a rule: write PORT=TARGET, as 80=8080");
    struct span left = span_trimmed((struct span){text.at, equals});
    struct span right = span_trimmed((struct span){equals + 1, text.end});
    if (!parse_asked(&w, left, &parsed) || !parse_target(&w, right, &parsed))
        return false;
    *rule = parsed;
    return true;
}

bool rule_parse_asked(struct rule *rule, const struct source *source, struct span text,
                      struct diag *d)
{
    struct words w = {source, d, text.end};
    struct rule parsed = {.target = RULE_KEEP};

    if (!parse_asked(&w, text, &parsed))
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
    struct words w = {source, d, s.end};
    struct rule parsed = {.target = RULE_PORTS};
    const char *slash = span_find(s, '/');
    const char *end = slash != NULL ? slash : s.end;
    struct span asked = {end, end};

    while (asked.at > s.at && asked.at[-1] != ':' && asked.at[-1] != ']')
        asked.at--;
    if (asked.at == s.at || asked.at[-1] != ':')
        return words_fault_quoting(
            &w, "", s, " is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080");
    if (slash != NULL) {
        struct span proto = {slash + 1, s.end};
        parsed.proto = proto_from_name(proto.at, span_size(proto));
        if (parsed.proto == PROTO_ANY)
            return words_fault_quoting(&w, "unknown protocol ", proto, ": use tcp, udp or sctp");
    }
    struct span actual = {s.at, asked.at - 1};
    if (!words_ports(&w, asked, &parsed.first, &parsed.last) ||
        !words_host(&w, &actual, &parsed.to, &parsed.to_wildcard) ||
        !parse_target_ports(&w, actual, &parsed))
        return false;
    *rule = parsed;
    return true;
}

bool rule_parse_endpoint(struct endpoint *e, const struct source *source, struct diag *d)
{
    struct span s = span_trimmed((struct span){source->text, source->text + source->size});
    struct words w = {source, d, s.end};
    struct endpoint parsed;
    bool every;

    if (!words_proto(&w, &s, &parsed.proto) || !words_host(&w, &s, &parsed.addr, &every) ||
        !words_port(&w, s, &parsed.port))
        return false;
    *e = parsed;
    return true;
}
