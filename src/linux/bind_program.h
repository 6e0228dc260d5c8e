/*
 * The instructions of a program at the hooks for bind(2) of a cgroup (BPF_CGROUP_INET4_BIND and
 * BPF_CGROUP_INET6_BIND). It allows each bind as usual; and without CAP_NET_BIND_SERVICE one that a
 * rule matches.
 */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>
#include <sys/socket.h>

#include "core/table.h"

/* What the program returns to the kernel. */
enum {
    BIND_PROGRAM_USUAL = 1,
    BIND_PROGRAM_GRANTED = 3, /* Linux 5.12 */
};

/* Of a rule, at most: its ports, its protocol, the words of its address, and the answer. */
enum { BIND_PROGRAM_MAX = 2 + TABLE_MAX * 15 + 2 };

/*
 * Writes the program for one of the hooks, AF_INET or AF_INET6. Returns how many instructions it has.
 * Targets of rules do not matter, and rules for SCTP match nothing: its binds do not come by.
 */
size_t bind_program_make(struct bpf_insn code[BIND_PROGRAM_MAX], const struct table *granted,
                         sa_family_t family);
