/* The formats of 'remap export': one file each, which defines a struct format. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "export/grant.h"
#include "export/redirect.h"

enum { FORMAT_INTERFACES_MAX = 16, FORMAT_PORTS_MAX = 64 };

/* What was asked for besides the table. Borrowed. */
struct format_options {
    const char *owner;   /* a name or a number; NULL: no guard */
    uint32_t owner_id;   /* set if `owner` is, where the format needs it */
    const char *user;    /* whose running servers were looked at; NULL: this user's */
    const char *run;     /* and of which run; NULL: of no named one */
    const char *backend; /* NULL: the one that works */
    const char *interface[FORMAT_INTERFACES_MAX];
    size_t interfaces; /* 0: all of them */
    bool is_local;
    bool is_hidden;
    bool is_given; /* the table is from options, not from the environment */
};

struct format_input {
    const struct table *table;
    const struct redirect
        *redirect; /* the table, worked out: of FORMAT_FIREWALL, FORMAT_PROXY, FORMAT_CONTAINER */
    const struct grant *grant; /* of FORMAT_GRANT */
    const struct format_options *options;
    const char *helper;   /* the path of remap-redirect, of FORMAT_UNIT */
    char *const *command; /* the operands after the format, with an absolute path; ends with NULL */
    const char *folder;   /* the current one, of FORMAT_COMMAND */
};

/* What a format makes of the table. */
enum format_kind {
    FORMAT_FIREWALL,  /* redirects packets: see remap-redirect(8) */
    FORMAT_UNIT,      /* runs remap-redirect later: owner and running servers are looked up then */
    FORMAT_PROXY,     /* receives on the asked ports, and sends to the actual ones */
    FORMAT_CONTAINER, /* publishes actual ports of a container as the asked ones: see container.h */
    FORMAT_GRANT,     /* lets a server bind the asked ports, without libremap */
    FORMAT_TABLE,     /* the table as it is */
};

/* Which operands follow the format. */
enum format_operands { FORMAT_NO_OPERANDS, FORMAT_PROGRAM, FORMAT_COMMAND };

struct format {
    const char *name;
    const char *summary;
    enum format_kind kind;
    enum format_operands operands;
    bool has_ranges; /* of ports: otherwise a line has FORMAT_PORTS_MAX at most */
    bool has_http;   /* a line has ports of HTTP or others, not both: see proxy.h */
    bool has_user;   /* of FORMAT_GRANT: `user` of the options is the one that runs the server */
    /* Returns why the format cannot have this line of a redirect, or NULL. May itself be NULL. */
    const char *(*cannot)(const struct redirect_line *line);
    /* Likewise of a rule, for FORMAT_GRANT. */
    const char *(*cannot_grant)(const struct rule *rule);
    /* Begins with a comment: what to do with the text, and how to undo that. */
    void (*print)(const struct format_input *in, FILE *out);
    /* Of a format that makes two files: prints the second one; and the ends of their names. */
    void (*print_second)(const struct format_input *in, FILE *out);
    const char *ends[2];
};

extern const struct format nft_format;
extern const struct format iptables_format;
extern const struct format systemd_redirect_format;
extern const struct format nginx_format;
extern const struct format haproxy_format;
extern const struct format caddy_format;
extern const struct format systemd_format;
extern const struct format systemd_grant_format;
extern const struct format systemd_socket_format;
extern const struct format setcap_format;
extern const struct format sysctl_format;
extern const struct format kubernetes_format;
extern const struct format compose_format;
extern const struct format json_format;
