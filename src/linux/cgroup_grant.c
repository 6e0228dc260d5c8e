#include "linux/cgroup_grant.h"

#include <string.h>

#include "linux/bind_program.h"
#include "linux/bpf.h"
#include "linux/sys.h"

static const char NAME[] = "remap_grant", ATTRIBUTE[] = "security.remap.grant";

static const struct {
    enum bpf_attach_type type;
    sa_family_t family;
} HOOKS[CGROUP_GRANT_HOOKS] = {
    {BPF_CGROUP_INET4_BIND, AF_INET},
    {BPF_CGROUP_INET6_BIND, AF_INET6},
};

bool cgroup_grant_load(struct cgroup_grant *g, const struct table *ports,
                       char log[CGROUP_GRANT_LOG_SIZE])
{
    struct bpf_insn code[BIND_PROGRAM_MAX];

    for (int i = 0; i < CGROUP_GRANT_HOOKS; i++) {
        size_t count = bind_program_make(code, ports, HOOKS[i].family);
        g->program[i] = bpf_load(code, count, HOOKS[i].type, NAME, log, CGROUP_GRANT_LOG_SIZE);
        if (g->program[i] < 0)
            return false;
    }
    return true;
}

/* ---- programs that are attached ---- */

static bool is_ours(int program)
{
    char name[BPF_OBJ_NAME_LEN];

    bpf_name(program, name);
    return strcmp(name, NAME) == 0;
}

/* Detaches those of the programs that are ours. */
static bool detach(int cgroup, enum bpf_attach_type type, const uint32_t *ids, int count)
{
    bool is_done = true;

    for (int i = 0; i < count; i++) {
        SYS_CLEANUP_FD int program = bpf_open(ids[i]);
        if (program >= 0 && is_ours(program))
            is_done = bpf_detach(cgroup, type, program) && is_done;
    }
    return is_done;
}

/* The new program is attached first: the ports that both have stay granted. */
static bool replace(int cgroup, enum bpf_attach_type type, int program)
{
    uint32_t before[BPF_ATTACHED_MAX];
    int count = bpf_attached(cgroup, type, before);

    return count >= 0 && bpf_attach(cgroup, type, program) && detach(cgroup, type, before, count);
}

static bool remove_attribute(int cgroup)
{
    return sys_fremovexattr(cgroup, ATTRIBUTE) == 0 || errno == ENODATA;
}

static bool set_all(int cgroup, const struct cgroup_grant *g, const char *text)
{
    bool is_set = remove_attribute(cgroup);

    for (int i = 0; is_set && i < CGROUP_GRANT_HOOKS; i++)
        is_set = replace(cgroup, HOOKS[i].type, g->program[i]);
    return is_set && sys_fsetxattr(cgroup, ATTRIBUTE, text, strlen(text), 0) == 0;
}

bool cgroup_grant_set(int cgroup, const struct cgroup_grant *g, const char *text)
{
    if (set_all(cgroup, g, text))
        return true;
    int error = errno;
    cgroup_grant_revoke(cgroup);
    errno = error;
    return false;
}

bool cgroup_grant_revoke(int cgroup)
{
    uint32_t ids[BPF_ATTACHED_MAX];
    bool is_done = remove_attribute(cgroup);

    for (int i = 0; is_done && i < CGROUP_GRANT_HOOKS; i++) {
        int count = bpf_attached(cgroup, HOOKS[i].type, ids);
        is_done = count >= 0 && detach(cgroup, HOOKS[i].type, ids, count);
    }
    return is_done;
}

bool cgroup_grant_read(const char *path, char text[TABLE_TEXT_MAX])
{
    ssize_t size = sys_getxattr(path, ATTRIBUTE, text, TABLE_TEXT_MAX - 1);

    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}
