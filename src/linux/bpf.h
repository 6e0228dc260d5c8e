/*
 * bpf(2): programs at a hook of a cgroup. Each function needs root, in the first user namespace. All
 * structures are those of Linux 5.10.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BPF_ATTACHED_MAX = 64 /* at a hook: the kernel's BPF_CGROUP_MAX_PROGS */ };

/*
 * Loads a program for a hook that gets socket addresses. `name` has fewer than BPF_OBJ_NAME_LEN
 * bytes. Returns a descriptor, which the caller closes; or -1, with errno, and the verifier's messages
 * in `log`, "" if it has none.
 */
int bpf_load(const struct bpf_insn *code, size_t count, enum bpf_attach_type hook, const char *name,
             char *log, size_t log_size);

/* Attaches a program beside those that are there already. False with errno. */
bool bpf_attach(int cgroup, enum bpf_attach_type hook, int program);

bool bpf_detach(int cgroup, enum bpf_attach_type hook, int program);

/* Lists the programs at a hook of the cgroup itself. Returns how many; or -1, with errno. */
int bpf_attached(int cgroup, enum bpf_attach_type hook, uint32_t ids[BPF_ATTACHED_MAX]);

/* Returns a descriptor of a program, which the caller closes; or -1, with errno. */
int bpf_open(uint32_t id);

/* Reads the name of a program. It is empty if that fails. */
void bpf_name(int program, char name[BPF_OBJ_NAME_LEN]);
