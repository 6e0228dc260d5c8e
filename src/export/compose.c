/* A service of Docker Compose (https://docs.docker.com/reference/compose-file/services/#ports). */
#include "export/container.h"

static const char *cannot(const struct redirect_line *line)
{
    return line->to.family != AF_UNSPEC
               ? "ports are published at the address of the container: use a target without one"
               : NULL;
}

/* Prints the address of the host, if it is not any. */
static void print_host(const struct redirect_line *line, FILE *out)
{
    struct addr any = {.family = line->family};
    char buf[RULE_TEXT_MAX];
    struct text text;

    if (line->family == AF_UNSPEC && line->host.family == AF_UNSPEC)
        return;
    text_init(&text, buf, sizeof(buf));
    addr_format(line->host.family != AF_UNSPEC ? &line->host : &any, &text);
    fprintf(out, "%s:", buf);
}

/* Quoted: YAML would take 22:22 for a number of base 60. */
static void print_port(const struct redirect_line *line, const char *suffix, FILE *out)
{
    unsigned more = line->last - line->first;

    fputs("      - \"", out);
    print_host(line, out);
    if (more == 0)
        fprintf(out, "%u:%u", line->first, line->to_first);
    else
        fprintf(out, "%u-%u:%u-%u", line->first, line->last, line->to_first, line->to_first + more);
    fprintf(out, "%s\"\n", suffix);
}

static void print(const struct format_input *in, FILE *out)
{
    fputs(
        "# A service that asks for the ports in front, has those behind them in its container,\n"
        "# and needs no root. Merge this with compose.yaml: 'server' and IMAGE stand for your own\n"
        "# names. Then:\n"
        "#   docker compose up -d\n"
        "# To undo that, take 'environment' and 'ports' out again, and repeat the command.\n",
        out);
    container_print_notes(out);
    fputs("# Docker from 20.10 lets every user bind port 80 in a container: \"80:80\" does without "
          "all this.\n",
          out);
    fputs("services:\n"
          "  server:\n"
          "    image: IMAGE\n"
          "    environment:\n"
          "      LD_PRELOAD: " CONTAINER_LIBRARY "\n"
          "      REMAP: ",
          out);
    container_print_rules(in, out);
    fputs("\n    ports:\n", out);
    for (size_t i = 0; i < in->redirect->count; i++) {
        const struct redirect_line *line = &in->redirect->line[i];
        if (line->proto != PROTO_UDP)
            print_port(line, "", out);
        if (line->proto != PROTO_TCP)
            print_port(line, "/udp", out);
    }
}

const struct format compose_format = {
    .name = "compose",
    .summary = "a service that publishes its ports as the asked ones",
    .kind = FORMAT_CONTAINER,
    .has_ranges = true,
    .cannot = cannot,
    .print = print,
};
