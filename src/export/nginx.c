/*
 * A whole configuration of nginx: https://nginx.org/en/docs/. HTTP goes through http, which tells
 * the server who asks; the rest through stream. It is a second nginx beside the one of the system,
 * which has another file of its process number.
 */
#include "export/format.h"
#include "export/proxy.h"

static const char HEAD[] =
    "# A reverse proxy, for nginx. It needs the asked ports: no other server may have them.\n"
    "# Save as /etc/nginx/remap.conf. Check and run it, as root:\n"
    "#   nginx -t -c /etc/nginx/remap.conf\n"
    "#   nginx -c /etc/nginx/remap.conf\n"
    "# To undo that:\n"
    "#   nginx -c /etc/nginx/remap.conf -s stop && rm /etc/nginx/remap.conf\n";

static const char MODULES[] =
    "# The stream module, where it is a package of its own: libnginx-mod-stream on Debian,\n"
    "# nginx-mod-stream elsewhere.\n"
    "include /etc/nginx/modules-enabled/*.conf;\n"
    "include /usr/share/nginx/modules/*.conf;\n"
    "include /etc/nginx/modules/*.conf;\n";

static const char MAIN[] = "pid /run/remap-nginx.pid;\n"
                           "worker_processes auto;\n"
                           "worker_rlimit_nofile 8192;\n"
                           "events {\n"
                           "    worker_connections 4096;\n"
                           "}\n";

static const char HTTP[] =
    "http {\n"
    "    access_log off;\n"
    "    map $http_upgrade $connection_upgrade {\n"
    "        default upgrade;\n"
    "        '' close;\n"
    "    }\n"
    "    # For WebSocket: upgrades, and connections that are silent for long.\n"
    "    proxy_http_version 1.1;\n"
    "    proxy_set_header Upgrade $http_upgrade;\n"
    "    proxy_set_header Connection $connection_upgrade;\n"
    "    proxy_read_timeout 1h;\n"
    "    proxy_send_timeout 1h;\n"
    "    # The server can rely on these if only the proxy reaches it.\n"
    "    proxy_set_header Host $http_host;\n"
    "    proxy_set_header X-Forwarded-For $remote_addr;\n"
    "    proxy_set_header X-Forwarded-Proto $scheme;\n"
    "    # The server has its own limits. What it sends is passed on at once.\n"
    "    client_max_body_size 0;\n"
    "    proxy_request_buffering off;\n"
    "    proxy_buffering off;\n";

static const char STREAM[] = "# The server sees the proxy as the client.\n"
                             "stream {\n"
                             "    proxy_timeout 1h;\n";

/* With reuseport, all datagrams of a client go to one worker, which has one port for it. */
static void print_listen(const char *host, uint16_t port, enum proto proto, FILE *out)
{
    fprintf(out, "        listen %s%s%u%s;\n", host, *host != '\0' ? ":" : "", port,
            proto == PROTO_UDP ? " udp reuseport" : "");
}

static void print_listeners(const struct redirect_line *line, uint16_t port, enum proto proto,
                            FILE *out)
{
    char host[RULE_TEXT_MAX];

    if (line->host.family != AF_UNSPEC) {
        print_listen(proxy_host(line, host), port, proto, out);
        return;
    }
    if (line->family != AF_INET6)
        print_listen("", port, proto, out);
    if (line->family != AF_INET)
        print_listen("[::]", port, proto, out);
}

static void print_server(const struct redirect_line *line, uint16_t port, enum proto proto,
                         bool is_http, FILE *out)
{
    char target[RULE_TEXT_MAX];
    uint16_t to = (uint16_t)(line->to_first + (port - line->first));

    fputs("    server {\n", out);
    print_listeners(line, port, proto, out);
    if (proto == PROTO_UDP)
        fputs("        proxy_timeout 20s;\n", out);
    fprintf(out,
            is_http ? "        location / {\n            proxy_pass http://%s:%u;\n        }\n"
                    : "        proxy_pass %s:%u;\n",
            proxy_target(line, target), to);
    fputs("    }\n", out);
}

static void print_servers(const struct redirect_line *line, enum proto proto, bool is_http,
                          FILE *out)
{
    for (uint32_t port = line->first; port <= line->last; port++)
        print_server(line, (uint16_t)port, proto, is_http, out);
}

/* UDP to a port of HTTP is meant only by a rule of UDP alone. */
static bool is_stream(const struct redirect_line *line, enum proto proto)
{
    return proxy_has(line, proto) && (!proxy_is_http(line->first) || line->proto == PROTO_UDP);
}

static bool is_http(const struct redirect_line *line)
{
    return proxy_has(line, PROTO_TCP) && proxy_is_http(line->first);
}

static void print_http(const struct redirect *r, FILE *out)
{
    const char *head = HTTP;

    for (size_t i = 0; i < r->count; i++) {
        if (!is_http(&r->line[i]))
            continue;
        fputs(head, out);
        head = "";
        proxy_print_without_udp(&r->line[i], "    ", out);
        print_servers(&r->line[i], PROTO_TCP, true, out);
    }
    if (*head == '\0')
        fputs("}\n", out);
}

static bool has_stream(const struct redirect *r)
{
    size_t i = 0;

    while (i < r->count && !is_stream(&r->line[i], PROTO_TCP) && !is_stream(&r->line[i], PROTO_UDP))
        i++;
    return i < r->count;
}

static void print_stream(const struct redirect *r, FILE *out)
{
    fputs(STREAM, out);
    for (size_t i = 0; i < r->count; i++) {
        for (enum proto proto = PROTO_TCP; proto <= PROTO_UDP; proto++) {
            if (is_stream(&r->line[i], proto))
                print_servers(&r->line[i], proto, false, out);
        }
    }
    fputs("}\n", out);
}

static void print(const struct format_input *in, FILE *out)
{
    bool streams = has_stream(in->redirect);

    fputs(HEAD, out);
    if (streams)
        fputs(MODULES, out);
    fputs(MAIN, out);
    print_http(in->redirect, out);
    if (streams)
        print_stream(in->redirect, out);
}

const struct format nginx_format = {
    .name = "nginx",
    .summary = "a reverse proxy, for nginx",
    .kind = FORMAT_PROXY,
    .has_http = true,
    .print = print,
};
