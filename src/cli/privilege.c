#include "cli/privilege.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { WORDS = _LINUX_CAPABILITY_U32S_3, CAPABILITIES = 64 };

/* ---- this process ---- */

struct sets {
    uint64_t effective, inheritable;
};

/* capget(2), which glibc has no function for. */
static struct sets own_sets(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[WORDS] = {{0}};

    if (syscall(SYS_capget, &header, data) != 0)
        return (struct sets){0, 0};
    return (struct sets){data[0].effective | (uint64_t)data[1].effective << 32,
                         data[0].inheritable | (uint64_t)data[1].inheritable << 32};
}

/* The network namespace belongs to this user namespace, or to one below. Above them, nothing is told (ioctl_ns(2)). */
static bool owns_network(void)
{
    int network = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int owner = network >= 0 ? ioctl(network, NS_GET_USERNS) : -1;
    bool is_below = owner >= 0 || errno != EPERM;

    if (owner >= 0)
        close(owner);
    if (network >= 0)
        close(network);
    return is_below;
}

enum privilege_to_bind privilege_to_bind(void)
{
    bool is_root = geteuid() == 0;
    bool is_ambient = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0) == 1;

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

    for (unsigned long i = 0; i < CAPABILITIES; i++) {
        if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
            set |= (uint64_t)1 << i;
    }
    return set;
}

/* ---- ids of another user namespace ---- */

static bool is_in_map(const char *map, unsigned long id)
{
    unsigned long inside, outside, count;
    bool is_in = false;
    FILE *file = fopen(map, "re");

    if (file == NULL)
        return true;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers */
    while (!is_in && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3)
        is_in = id >= inside && id - inside < count;
    fclose(file);
    return is_in;
}

/* An id without a number here shows as the overflow id (user_namespaces(7)), which may also be somebody's. */
static bool is_known(unsigned long id, const char *overflow, const char *map)
{
    unsigned long stranger = 65534;
    FILE *file = fopen(overflow, "re");

    if (file != NULL) {
        /* NOLINTNEXTLINE(cert-err34-c): the kernel writes a number */
        if (fscanf(file, "%lu", &stranger) != 1)
            stranger = 65534;
        fclose(file);
    }
    return id != stranger || is_in_map(map, id);
}

static bool are_owners_known(const struct stat *st)
{
    return is_known(st->st_uid, "/proc/sys/kernel/overflowuid", "/proc/self/uid_map") &&
           is_known(st->st_gid, "/proc/sys/kernel/overflowgid", "/proc/self/gid_map");
}

/* ---- the file ---- */

/* What is in security.capability (capabilities(7)), and means this user namespace. */
struct file_sets {
    uint64_t permitted, inheritable;
    bool is_effective;
};

static bool read_file_sets(const char *path, struct file_sets *f)
{
    struct vfs_ns_cap_data data = {0};
    ssize_t size = getxattr(path, "security.capability", &data, sizeof(data));

    if (size < (ssize_t)XATTR_CAPS_SZ_1)
        return false;
    uint32_t magic = le32toh(data.magic_etc);
    /* The root of another namespace is named: it is not for us. */
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

    if (getuid() == 0 || (given == 0 && !f->is_effective))
        return;
    p->has_capabilities = true;
    p->without_gain = no_new_privs;
    p->may_bind = (given >> CAP_NET_BIND_SERVICE & 1) != 0;
}

/* Of the set-group-ID bit, the group's x makes it more than a mark for locks. */
static void judge_bits(const struct stat *st, struct privilege *p)
{
    p->uid = st->st_uid;
    p->gid = st->st_gid;
    p->set_uid = (st->st_mode & S_ISUID) != 0 && st->st_uid != getuid();
    p->set_gid =
        (st->st_mode & S_ISGID) != 0 && (st->st_mode & S_IXGRP) != 0 && st->st_gid != getgid();
}

void privilege_look(const char *path, const struct stat *st, struct privilege *p)
{
    struct statvfs mount;
    struct file_sets sets;
    bool has_bits = (st->st_mode & S_ISUID) != 0 ||
                    ((st->st_mode & S_ISGID) != 0 && (st->st_mode & S_IXGRP) != 0);
    bool has_sets = read_file_sets(path, &sets);
    bool no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

    *p = (struct privilege){0};
    if (!has_bits && !has_sets)
        return;
    bool is_nosuid = statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
    if (has_bits && !is_nosuid && !no_new_privs && are_owners_known(st))
        judge_bits(st, p);
    if (has_sets && !is_nosuid)
        judge_capabilities(&sets, no_new_privs, p);
    p->is_ignored = !p->set_uid && !p->set_gid && !p->has_capabilities;
}
