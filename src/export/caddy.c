/*
 * A Caddyfile: https://caddyserver.com/docs/caddyfile. reverse_proxy passes WebSocket on, and tells
 * the server who asks.
 */
#include "export/format.h"
#include "export/proxy.h"

/* Without its administration interface, no program of this host can change it. */
static const char HEAD[] =
    "# A reverse proxy, for Caddy. It needs the asked ports: no other server may have them.\n"
    "# Save as /etc/caddy/remap.Caddyfile. Check and run it, as root:\n"
    "#   caddy validate --adapter caddyfile --config /etc/caddy/remap.Caddyfile\n"
    "#   caddy start --adapter caddyfile --config /etc/caddy/remap.Caddyfile \\\n"
    "#       --pidfile /run/remap-caddy.pid\n"
    "# To undo that:\n"
    "#   kill $(cat /run/remap-caddy.pid) && rm /etc/caddy/remap.Caddyfile\n"
    "{\n"
    "\tadmin off\n"
    "\tauto_https off\n"
    "}\n";

static void print_bind(const struct redirect_line *line, FILE *out)
{
    char host[RULE_TEXT_MAX];

    if (line->host.family != AF_UNSPEC)
        fprintf(out, "\tbind %s\n", proxy_host(line, host));
    else if (line->family != AF_UNSPEC)
        fprintf(out, "\tbind %s\n", line->family == AF_INET ? "tcp4/0.0.0.0" : "tcp6/[::]");
}

static void print_site(const struct redirect_line *line, uint16_t port, FILE *out)
{
    char target[RULE_TEXT_MAX];
    uint16_t to = (uint16_t)(line->to_first + (port - line->first));

    fputc('\n', out);
    proxy_print_without_udp(line, "", out);
    fprintf(out, "http://:%u {\n", port);
    print_bind(line, out);
    fprintf(out, "\treverse_proxy %s:%u\n}\n", proxy_target(line, target), to);
}

static void print(const struct format_input *in, FILE *out)
{
    fputs(HEAD, out);
    for (size_t i = 0; i < in->redirect->count; i++) {
        const struct redirect_line *line = &in->redirect->line[i];
        for (uint16_t port = line->first; port <= line->last; port++)
            print_site(line, port, out);
    }
}

static const char *cannot(const struct redirect_line *line)
{
    return proxy_is_http(line->first) && proxy_has(line, PROTO_TCP) ? NULL : "it has HTTP alone";
}

const struct format caddy_format = {
    .name = "caddy",
    .summary = "a reverse proxy for HTTP, for Caddy",
    .kind = FORMAT_PROXY,
    .has_http = true,
    .cannot = cannot,
    .print = print,
};
