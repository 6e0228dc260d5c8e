/*
 * The programs at the hooks of a cgroup for bind(2), those of others than remap, too.
 *   hooks list CGROUP             prints their names, a line for each hook
 *   hooks add CGROUP NAME         attaches one of that name to each, which allows all binds
 *   hooks add-alone CGROUP NAME   the same, of a kind that allows no other beside or below it
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/bpf.h"

static const struct {
    enum bpf_attach_type type;
    const char *name;
} HOOKS[] = {{BPF_CGROUP_INET4_BIND, "v4"}, {BPF_CGROUP_INET6_BIND, "v6"}};
enum { HOOK_COUNT = sizeof(HOOKS) / sizeof(HOOKS[0]) };

static void list(int cgroup)
{
    for (int i = 0; i < HOOK_COUNT; i++) {
        uint32_t ids[BPF_ATTACHED_MAX];
        int count = bpf_attached(cgroup, HOOKS[i].type, ids);

        fputs(HOOKS[i].name, stdout);
        for (int at = 0; at < count; at++) {
            char name[BPF_OBJ_NAME_LEN];
            int program = bpf_open(ids[at]);
            bpf_name(program, name);
            close(program);
            printf(" %s", name);
        }
        putchar('\n');
    }
}

static int attach(int cgroup, enum bpf_attach_type type, int program, int is_alone)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (uint32_t)cgroup;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = type;
    attr.attach_flags = is_alone ? 0 : BPF_F_ALLOW_MULTI;
    return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr));
}

static int add(int cgroup, const char *name, int is_alone)
{
    static const struct bpf_insn ALLOW[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
        {.code = BPF_JMP | BPF_EXIT},
    };
    char log[256];

    for (int i = 0; i < HOOK_COUNT; i++) {
        int program = bpf_load(ALLOW, 2, HOOKS[i].type, name, log, sizeof(log));
        if (program < 0 || attach(cgroup, HOOKS[i].type, program, is_alone) != 0) {
            perror("hooks");
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    int cgroup = argc > 2 ? open(argv[2], O_RDONLY | O_DIRECTORY) : -1;

    if (cgroup < 0)
        return 64;
    if (strcmp(argv[1], "list") == 0)
        list(cgroup);
    else
        return argc > 3 ? add(cgroup, argv[3], strcmp(argv[1], "add-alone") == 0) : 64;
    return 0;
}
