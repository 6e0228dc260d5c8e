/*
 * A whole configuration of HAProxy: https://docs.haproxy.org/. It has TCP alone. Ports of a range
 * are bound in one line, and each is sent to as many ports further.
 */
#include "export/format.h"
#include "export/proxy.h"

/* 65534 is nobody, whose name and group differ between systems. */
static const char HEAD[] =
    "# A reverse proxy, for HAProxy. It needs the asked ports: no other server may have them.\n"
    "# Save as /etc/haproxy/remap.cfg. Check and run it, as root:\n"
    "#   haproxy -c -f /etc/haproxy/remap.cfg\n"
    "#   haproxy -D -p /run/remap-haproxy.pid -f /etc/haproxy/remap.cfg\n"
    "# To undo that:\n"
    "#   kill $(cat /run/remap-haproxy.pid) && rm /etc/haproxy/remap.cfg\n"
    "global\n"
    "    # nobody\n"
    "    uid 65534\n"
    "    gid 65534\n"
    "\n"
    "defaults\n"
    "    timeout connect 5s\n"
    "    timeout client 1m\n"
    "    timeout server 1m\n"
    "    # Of WebSocket and of TCP, once both sides have sent something.\n"
    "    timeout tunnel 1h\n"
    "\n"
    "# In mode http, headers tell the server who asks: it can rely on them if only the proxy\n"
    "# reaches it. In mode tcp, it sees the proxy as the client.\n";

static const char HTTP[] = "    mode http\n"
                           "    http-request set-header X-Forwarded-For %[src]\n"
                           "    http-request set-header X-Forwarded-Proto http\n";

static void print_bind(const char *host, const struct redirect_line *line, const char *option,
                       FILE *out)
{
    fprintf(out, "    bind %s:%u", host, line->first);
    if (line->last != line->first)
        fprintf(out, "-%u", line->last);
    fprintf(out, "%s\n", option);
}

static void print_binds(const struct redirect_line *line, FILE *out)
{
    char host[RULE_TEXT_MAX];

    if (line->host.family != AF_UNSPEC) {
        print_bind(proxy_host(line, host), line, "", out);
        return;
    }
    if (line->family != AF_INET6)
        print_bind("0.0.0.0", line, "", out);
    if (line->family != AF_INET)
        print_bind("[::]", line, " v6only", out);
}

static void print_server(const struct redirect_line *line, FILE *out)
{
    char target[RULE_TEXT_MAX];
    int offset = (int)line->to_first - (int)line->first;

    fprintf(out, "    server remapped %s", proxy_target(line, target));
    if (line->first == line->last)
        fprintf(out, ":%u", line->to_first);
    else if (offset != 0)
        fprintf(out, ":%+d", offset);
    fputc('\n', out);
}

static void print(const struct format_input *in, FILE *out)
{
    const struct redirect *r = in->redirect;

    fputs(HEAD, out);
    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        bool is_http = proxy_is_http(line->first);
        fprintf(out, "\nlisten %s-%u-%zu\n", is_http ? "http" : "tcp", line->first, i + 1);
        proxy_print_without_udp(line, "    ", out);
        fputs(is_http ? HTTP : "    mode tcp\n", out);
        print_binds(line, out);
        print_server(line, out);
    }
}

static const char *cannot(const struct redirect_line *line)
{
    return proxy_has(line, PROTO_TCP) ? NULL : "it has TCP alone";
}

const struct format haproxy_format = {
    .name = "haproxy",
    .summary = "a reverse proxy, for HAProxy",
    .kind = FORMAT_PROXY,
    .has_ranges = true,
    .has_http = true,
    .cannot = cannot,
    .print = print,
};
