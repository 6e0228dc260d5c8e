#include "program/privilege.h"

#include <endian.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

#include "linux/procfs.h"
#include "linux/sys.h"

enum { WORDS = _LINUX_CAPABILITY_U32S_3, CAPABILITIES = 64 };

/* ---- this process ---- */

struct sets {
    uint64_t effective, inheritable;
};

/* capget(2). */
static struct sets own_sets(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[WORDS] = {{0}};

    if (sys_call(SYS_capget, (long)&header, (long)data, 0) != 0)
        return (struct sets){0, 0};
    return (struct sets){data[0].effective | (uint64_t)data[1].effective << 32,
                         data[0].inheritable | (uint64_t)data[1].inheritable << 32};
}

/* Of the owners above this user namespace, nothing is told (ioctl_ns(2)). */
static bool owns_network(void)
{
    SYS_CLEANUP_FD int network = sys_open("/proc/self/ns/net", O_RDONLY);
    SYS_CLEANUP_FD int owner =
        network >= 0 ? (int)sys_call(SYS_ioctl, network, NS_GET_USERNS, 0) : -1;

    return owner >= 0 || errno != EPERM;
}

enum privilege_to_bind privilege_to_bind(void)
{
    bool is_root = sys_geteuid() == 0;
    bool is_ambient =
        sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0) == 1;

    if ((own_sets().effective >> CAP_NET_BIND_SERVICE & 1) == 0 || !(is_root || is_ambient))
        return PRIVILEGE_NONE;
    if (!owns_network())
        return PRIVILEGE_ELSEWHERE;
    return is_root ? PRIVILEGE_ROOT : PRIVILEGE_AMBIENT;
}

/* PR_CAPBSET_READ fails for capabilities that the kernel does not know. */
static uint64_t bounding_set(void)
{
    uint64_t set = 0;

    for (int i = 0; i < CAPABILITIES; i++) {
        if (sys_prctl(PR_CAPBSET_READ, (unsigned long)i, 0, 0, 0) == 1)
            set |= (uint64_t)1 << i;
    }
    return set;
}

/* ---- the bits ---- */

static bool has_set_gid(const struct statx *st)
{
    return (st->stx_mode & S_ISGID) != 0 && (st->stx_mode & S_IXGRP) != 0;
}

/*
 * The owner of a file that has no number in this user namespace shows as the overflow id, which
 * is not in the map (user_namespaces(7)).
 */
static void judge_bits(const struct statx *st, struct privilege *p)
{
    bool set_uid = (st->stx_mode & S_ISUID) != 0 && st->stx_uid != sys_getuid();
    bool set_gid = has_set_gid(st) && st->stx_gid != sys_getgid();

    if ((!set_uid && !set_gid) || !procfs_maps_id("/proc/self/uid_map", st->stx_uid) ||
        !procfs_maps_id("/proc/self/gid_map", st->stx_gid))
        return;
    p->set_uid = set_uid;
    p->set_gid = set_gid;
}

/* ---- capabilities ---- */

/* The extended attribute security.capability (capabilities(7)), in this user namespace. */
struct file_sets {
    uint64_t permitted, inheritable;
    bool is_effective;
};

static bool read_file_sets(const char *path, struct file_sets *f)
{
    struct vfs_ns_cap_data data = {0};
    ssize_t size = sys_getxattr(path, "security.capability", &data, sizeof(data));

    if (size < (ssize_t)XATTR_CAPS_SZ_1)
        return false;
    uint32_t magic = le32toh(data.magic_etc);
    /* With the root of another namespace, they are not for this one. */
    if ((magic & VFS_CAP_REVISION_MASK) == VFS_CAP_REVISION_3 && data.rootid != 0)
        return false;
    f->permitted = le32toh(data.data[0].permitted);
    f->inheritable = le32toh(data.data[0].inheritable);
    if (size >= (ssize_t)XATTR_CAPS_SZ_2) {
        f->permitted |= (uint64_t)le32toh(data.data[1].permitted) << 32;
        f->inheritable |= (uint64_t)le32toh(data.data[1].inheritable) << 32;
    }
    f->is_effective = (magic & VFS_CAP_FLAGS_EFFECTIVE) != 0;
    return true;
}

static void judge_capabilities(const struct file_sets *f, bool no_new_privs, struct privilege *p)
{
    uint64_t given = (f->permitted & bounding_set()) | (f->inheritable & own_sets().inheritable);

    if (sys_getuid() == 0 || (given == 0 && !f->is_effective))
        return;
    p->has_capabilities = true;
    p->without_gain = no_new_privs;
    p->may_bind = (given >> CAP_NET_BIND_SERVICE & 1) != 0;
}

/* ---- the file ---- */

void privilege_read(const char *path, const struct statx *st, struct privilege *p)
{
    struct statfs mount;
    struct file_sets sets = {0};
    bool has_bits = (st->stx_mode & S_ISUID) != 0 || has_set_gid(st);
    bool has_sets = read_file_sets(path, &sets);

    *p = (struct privilege){0};
    if (!has_bits && !has_sets)
        return;
    bool is_nosuid = sys_statfs(path, &mount) == 0 && (mount.f_flags & ST_NOSUID) != 0;
    bool no_new_privs = sys_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    if (has_bits && !is_nosuid && !no_new_privs)
        judge_bits(st, p);
    if (has_sets && !is_nosuid)
        judge_capabilities(&sets, no_new_privs, p);
    p->is_ignored = !p->set_uid && !p->set_gid && !p->has_capabilities;
}
