#include "linux/bpf.h"

#include <string.h>

#include "core/text.h"
#include "linux/sys.h"

/* The kernel takes pointers as numbers of 64 bits. */
static uint64_t number_of(const void *pointer)
{
    return (uintptr_t)pointer;
}

/*
 * What is not asked for must be 0. An initializer of one member leaves the bytes of larger ones as they
 * are (GCC 15 and later).
 */
static const union bpf_attr nothing;

static int call(enum bpf_cmd command, union bpf_attr *attr)
{
    return (int)sys_call(SYS_bpf, (long)command, (long)attr, sizeof(*attr));
}

/*
 * The verifier is asked for messages only about a program that it has rejected: until Linux 6.3, those
 * that do not fit are an error themselves.
 */
int bpf_load(const struct bpf_insn *code, size_t count, enum bpf_attach_type hook, const char *name,
             char *log, size_t log_size)
{
    union bpf_attr attr = nothing;
    int program;

    attr.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
    attr.expected_attach_type = hook;
    attr.insns = number_of(code);
    attr.insn_cnt = (uint32_t)count;
    attr.license = number_of("MIT");
    log[0] = '\0';
    text_copy(attr.prog_name, sizeof(attr.prog_name), name);
    program = call(BPF_PROG_LOAD, &attr);
    if (program >= 0 || errno == EPERM)
        return program;
    attr.log_level = 1;
    attr.log_buf = number_of(log);
    attr.log_size = (uint32_t)log_size;
    return call(BPF_PROG_LOAD, &attr);
}

bool bpf_attach(int cgroup, enum bpf_attach_type hook, int program)
{
    union bpf_attr attr = nothing;

    attr.target_fd = (uint32_t)cgroup;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = hook;
    attr.attach_flags = BPF_F_ALLOW_MULTI;
    return call(BPF_PROG_ATTACH, &attr) == 0;
}

bool bpf_detach(int cgroup, enum bpf_attach_type hook, int program)
{
    union bpf_attr attr = nothing;

    attr.target_fd = (uint32_t)cgroup;
    attr.attach_bpf_fd = (uint32_t)program;
    attr.attach_type = hook;
    return call(BPF_PROG_DETACH, &attr) == 0;
}

int bpf_attached(int cgroup, enum bpf_attach_type hook, uint32_t ids[BPF_ATTACHED_MAX])
{
    union bpf_attr attr = nothing;

    attr.query.target_fd = (uint32_t)cgroup;
    attr.query.attach_type = hook;
    attr.query.prog_ids = number_of(ids);
    attr.query.prog_cnt = BPF_ATTACHED_MAX;
    return call(BPF_PROG_QUERY, &attr) == 0 ? (int)attr.query.prog_cnt : -1;
}

int bpf_open(uint32_t id)
{
    union bpf_attr attr = nothing;

    attr.prog_id = id;
    return call(BPF_PROG_GET_FD_BY_ID, &attr);
}

void bpf_name(int program, char name[BPF_OBJ_NAME_LEN])
{
    struct bpf_prog_info info = {0};
    union bpf_attr attr = nothing;

    attr.info.bpf_fd = (uint32_t)program;
    attr.info.info_len = sizeof(info);
    attr.info.info = number_of(&info);
    (void)call(BPF_OBJ_GET_INFO_BY_FD, &attr);
    text_copy(name, BPF_OBJ_NAME_LEN, info.name);
}
