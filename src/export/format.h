/* The formats of 'remap export': one file each, which defines a struct format. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "export/redirect.h"

enum { FORMAT_INTERFACES_MAX = 16 };

/* What was asked for besides the table: the options of remap-redirect(8). Borrowed. */
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
    const struct redirect *redirect; /* the table, worked out */
    const struct format_options *options;
    const char *helper; /* the path of remap-redirect, if `is_unit` */
};

struct format {
    const char *name;
    const char *summary;
    bool is_unit; /* runs remap-redirect later: owner and running servers are looked up then */
    void (*print)(const struct format_input *in, FILE *out);
};

extern const struct format nft_format;
extern const struct format iptables_format;
extern const struct format systemd_redirect_format;
