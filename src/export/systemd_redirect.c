/*
 * A oneshot service (systemd.service(5)) that runs remap-redirect with the table and the options
 * when the system starts, and takes the rules down when it stops.
 */
#include "export/format.h"
#include "export/systemd_unit.h"

static void print_option(const char *name, const char *value, FILE *out)
{
    if (value == NULL)
        return;
    fprintf(out, " \"--%s\"", name);
    systemd_unit_print_word(value, out);
}

static void print_options(const struct format_options *o, FILE *out)
{
    print_option("backend", o->backend, out);
    print_option("owner", o->owner, out);
    print_option("user", o->user, out);
    print_option("name", o->run, out);
    for (size_t i = 0; i < o->interfaces; i++)
        print_option("interface", o->interface[i], out);
    if (o->is_local)
        fputs(" \"--local\"", out);
    if (o->is_hidden)
        fputs(" \"--hide\"", out);
}

static void print_up(const char *setting, const char *rules, const struct format_input *in,
                     FILE *out)
{
    systemd_unit_print_path(setting, in->helper, out);
    fputs(" up -r", out);
    systemd_unit_print_word(rules, out);
    print_options(in->options, out);
    fputc('\n', out);
}

static void print(const struct format_input *in, FILE *out)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(in->table, ',', &text);
    /* No Documentation=man:..., which systemd-analyze(1) refuses if the page is not installed. */
    fputs("# See remap-redirect(8). For /etc/systemd/system/remap-redirect.service; then:\n"
          "#   systemctl daemon-reload && systemctl enable --now remap-redirect\n"
          "[Unit]\n"
          "Description=Privileged ports, redirected to those of libremap\n"
          "Wants=network-pre.target\n"
          "Before=network-pre.target\n"
          "# These load their own rules, and some of them flush all others first.\n"
          "After=nftables.service iptables.service ip6tables.service netfilter-persistent.service "
          "firewalld.service ufw.service\n"
          "\n"
          "[Service]\n"
          "Type=oneshot\n"
          "RemainAfterExit=yes\n",
          out);
    print_up("ExecStart", rules, in, out);
    print_up("ExecReload", rules, in, out);
    systemd_unit_print_path("ExecStop", in->helper, out);
    fputs(" down\n"
          "\n"
          "[Install]\n"
          "WantedBy=multi-user.target\n",
          out);
}

const struct format systemd_redirect_format = {
    .name = "systemd-redirect",
    .summary = "a service that runs remap-redirect at start-up",
    .kind = FORMAT_UNIT,
    .print = print,
};
