#include "export/systemd_unit.h"

#include <string.h>

void systemd_unit_print_word(const char *word, FILE *out)
{
    fputs(" \"", out);
    for (; *word != '\0'; word++) {
        unsigned char c = (unsigned char)*word;
        if (c < ' ' || c == 0x7f) {
            fprintf(out, "\\x%02x", c);
            continue;
        }
        if (strchr("\"\\", *word) != NULL)
            fputc('\\', out);
        if (strchr("%$", *word) != NULL)
            fputc(*word, out);
        fputc(*word, out);
    }
    fputc('"', out);
}

void systemd_unit_print_path(const char *setting, const char *path, FILE *out)
{
    fprintf(out, "%s=", setting);
    for (; *path != '\0'; path++) {
        if (*path == '%')
            fputc('%', out);
        fputc(*path, out);
    }
}

void systemd_unit_print_ports(const struct grant_range *range, char divider, FILE *out)
{
    if (range->proto != PROTO_ANY)
        fprintf(out, "%s%c", proto_name(range->proto), divider);
    fprintf(out, range->first == range->last ? "%u" : "%u-%u", range->first, range->last);
}

void systemd_unit_print_drop_in(FILE *out)
{
    fputs("# For a service whose ExecStart= is the server itself, without remap. If it is called\n"
          "# NAME, save this as /etc/systemd/system/NAME.service.d/remap.conf; then:\n"
          "#   systemctl daemon-reload && systemctl restart NAME\n"
          "# To undo that:\n"
          "#   rm /etc/systemd/system/NAME.service.d/remap.conf\n"
          "#   systemctl daemon-reload && systemctl restart NAME\n",
          out);
}

void systemd_unit_print_hardening(FILE *out)
{
    fputs(
        "NoNewPrivileges=yes\n"
        "# What usual servers do not need.\n"
        "ProtectSystem=full\n"
        "ProtectProc=invisible\n"
        "ProtectClock=yes\n"
        "ProtectHostname=yes\n"
        "ProtectKernelLogs=yes\n"
        "ProtectKernelModules=yes\n"
        "ProtectKernelTunables=yes\n"
        "ProtectControlGroups=yes\n"
        "PrivateDevices=yes\n"
        "PrivateTmp=yes\n"
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
        "RestrictNamespaces=yes\n"
        "RestrictRealtime=yes\n"
        "RestrictSUIDSGID=yes\n"
        "LockPersonality=yes\n"
        "SystemCallArchitectures=native\n"
        "# Try these, too. They break servers that write elsewhere than to /var/lib/NAME, live in\n"
        "# /home, or compile as they run.\n"
        "#ProtectSystem=strict\n"
        "#StateDirectory=NAME\n"
        "#ProtectHome=yes\n"
        "#MemoryDenyWriteExecute=yes\n"
        "#SystemCallFilter=@system-service\n",
        out);
}
