/*
 * Socket activation (systemd.socket(5)): systemd has the asked ports, and starts the server with
 * their sockets.
 */
#include "export/format.h"
#include "export/systemd_unit.h"

static const char *cannot(const struct rule *rule)
{
    if (rule->proto == PROTO_SCTP)
        return "SCTP needs a socket unit of its own: write one with SocketProtocol=sctp";
    if (rule->name[0] != '\0')
        return "a name is for all sockets of a unit: write one with FileDescriptorName=";
    if (rule->to.family != AF_UNSPEC || rule->to_wildcard)
        return "the server does not bind: put the address in front of the asked port";
    return NULL;
}

static void print_socket(const char *setting, const struct rule *rule, uint16_t port, FILE *out)
{
    char host[RULE_TEXT_MAX] = "";
    struct text text;

    text_init(&text, host, sizeof(host));
    if (rule->host.family != AF_UNSPEC) {
        addr_format(&rule->host, &text);
        text_string(&text, ":");
    }
    fprintf(out, "%s=%s%u\n", setting, host, port);
}

/* Prints a line for each port that the table asks for with this protocol. */
static void print_sockets(const struct table *t, enum proto proto, const char *setting, FILE *out)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        for (unsigned port = rule->first; port <= rule->last; port++) {
            if (grant_needs_socket(t, i, proto, (uint16_t)port))
                print_socket(setting, rule, (uint16_t)port, out);
        }
    }
}

/* Rules without a protocol are for both, but few servers take both for one port. */
static void print_suggestions(const struct table *t, FILE *out)
{
    bool is_first = true;

    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        for (unsigned port = rule->first; port <= rule->last; port++) {
            struct endpoint asked = {PROTO_UDP, rule->host, (uint16_t)port};
            if (!grant_needs_socket(t, i, PROTO_TCP, (uint16_t)port) ||
                table_decide(t, &asked).rule != (int)i)
                continue;
            if (is_first)
                fputs("# The rules are for UDP, too. If the server is:\n", out);
            is_first = false;
            print_socket("#ListenDatagram", rule, (uint16_t)port, out);
        }
    }
}

static void print(const struct format_input *in, FILE *out)
{
    fputs("# The unit NAME.socket: systemd has the ports, and starts the server with them.", out);
    /* With such a rule, the server takes no sockets itself. */
    fputs(table_has_target(in->table, RULE_SYSTEMD)
              ? "\n# The server gets them at its binds, by remap.\n"
              : " That\n# needs a server that takes sockets, as of sd_listen_fds(3): LISTEN_FDS.\n",
          out);
    fputs("# With -o /etc/systemd/system/NAME.socket, this and NAME.service are written. Then:\n"
          "#   systemctl daemon-reload && systemctl enable --now NAME.socket\n"
          "# To undo that:\n"
          "#   systemctl disable --now NAME.socket && systemctl stop NAME.service\n"
          "#   cd /etc/systemd/system && rm NAME.socket NAME.service && systemctl daemon-reload\n"
          "[Unit]\n"
          "Description=The ports of %N\n"
          "\n"
          "[Socket]\n"
          "BindIPv6Only=both\n",
          out);
    print_sockets(in->table, PROTO_TCP, "ListenStream", out);
    print_sockets(in->table, PROTO_UDP, "ListenDatagram", out);
    print_suggestions(in->table, out);
    fputs("\n"
          "[Install]\n"
          "WantedBy=sockets.target\n",
          out);
}

/* systemd looks for a name without a folder in those of the system (systemd.service(5)). */
static void print_run(const struct table *t, FILE *out)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(t, ',', &text);
    fputs("ExecStart=remap run -q -r", out);
    systemd_unit_print_word(rules, out);
    fputs(" --", out);
}

static void print_service(const struct format_input *in, FILE *out)
{
    fputs("# The unit NAME.service: see NAME.socket.\n"
          "[Unit]\n"
          "Requires=%N.socket\n"
          "After=%N.socket\n"
          "\n"
          "[Service]\n",
          out);
    fprintf(out, "User=%s\n", in->options->user);
    systemd_unit_print_path("WorkingDirectory", in->folder, out);
    fputc('\n', out);
    bool is_run = table_has_target(in->table, RULE_SYSTEMD);
    if (is_run)
        print_run(in->table, out);
    else
        systemd_unit_print_path("ExecStart", in->command[0], out);
    for (char *const *word = in->command + !is_run; *word != NULL; word++)
        systemd_unit_print_word(*word, out);
    fputs("\n"
          "CapabilityBoundingSet=\n",
          out);
    systemd_unit_print_hardening(out);
}

const struct format systemd_socket_format = {
    .name = "systemd-socket",
    .summary = "systemd opens the asked ports, and starts COMMAND",
    .kind = FORMAT_GRANT,
    .operands = FORMAT_COMMAND,
    .has_user = true,
    .ends = {".socket", ".service"},
    .cannot_grant = cannot,
    .print = print,
    .print_second = print_service,
};
