#include "export/systemd.h"

#include <string.h>

/* A word of a command line, as systemd.service(5) wants it quoted. */
static void print_word(const char *word, FILE *out)
{
    fputs(" \"", out);
    for (; *word != '\0'; word++) {
        if (strchr("\"\\", *word) != NULL)
            fputc('\\', out);
        if (strchr("%$", *word) != NULL)
            fputc(*word, out);
        fputc(*word, out);
    }
    fputc('"', out);
}

/* The path of a program, which cannot have blanks, quotes or backslashes, and takes no variables. */
static void print_command(const char *setting, const char *helper, FILE *out)
{
    fprintf(out, "%s=", setting);
    for (; *helper != '\0'; helper++) {
        if (*helper == '%')
            fputc('%', out);
        fputc(*helper, out);
    }
}

static void print_up(const char *setting, const char *helper, const char *rules,
                     const struct systemd_option *options, size_t count, FILE *out)
{
    print_command(setting, helper, out);
    fputs(" up -r", out);
    print_word(rules, out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, " \"--%s\"", options[i].name);
        if (options[i].value != NULL)
            print_word(options[i].value, out);
    }
    fputc('\n', out);
}

void systemd_print_redirect(const char *helper, const struct table *t,
                            const struct systemd_option *options, size_t count, FILE *out)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(t, ',', &text);
    /* No Documentation=man:..., which systemd-analyze(1) refuses where the page is not installed. */
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
    print_up("ExecStart", helper, rules, options, count, out);
    print_up("ExecReload", helper, rules, options, count, out);
    print_command("ExecStop", helper, out);
    fputs(" down\n"
          "\n"
          "[Install]\n"
          "WantedBy=multi-user.target\n",
          out);
}
