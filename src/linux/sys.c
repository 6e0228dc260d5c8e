#include "linux/sys.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/sysmacros.h>

atomic_bool sys_sealed;

/* The effective user, as far as it was asked for. */
static _Atomic uid_t user;

void sys_seal(void)
{
    atomic_store_explicit(&sys_sealed, true, memory_order_relaxed);
}

/* ---- calls with another way ---- */

static int old_stat(int folder, const char *path, int flags, struct stat *st)
{
#ifdef __LP64__
    return (int)sys_call6(SYS_newfstatat, folder, (long)path, (long)st, flags, 0, 0);
#else
    /* There, the kernel has two of them, and libc knows which: it may call statx first. */
    return sys_is_sealed() ? -1 : fstatat(folder, path, st, flags);
#endif
}

int sys_statx_at(int folder, const char *path, int flags, unsigned mask, struct statx *st)
{
    struct stat old;
    int result = (int)sys_call6(SYS_statx, folder, (long)path, flags, (long)mask, (long)st, 0);

    if (result == 0 || !sys_is_refused() || old_stat(folder, path, flags, &old) != 0)
        return result;
    *st = (struct statx){
        .stx_mask = STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | STATX_SIZE,
        .stx_mode = (uint16_t)old.st_mode,
        .stx_uid = old.st_uid,
        .stx_gid = old.st_gid,
        .stx_ino = old.st_ino,
        .stx_size = (uint64_t)old.st_size,
        .stx_dev_major = major(old.st_dev),
        .stx_dev_minor = minor(old.st_dev),
    };
    return 0;
}

/* Returns 0 or an error, as posix_fallocate(3) does. musl from 1.2.4 on lacks that by its name for 64 bits. */
static int allocate(int fd, off_t size)
{
#ifdef __LP64__
    return posix_fallocate(fd, 0, size);
#else
    /* Both 64-bit arguments are in two registers each, in the byte order of the machine. */
    const union {
        int64_t whole;
        long half[2];
    } length = {.whole = size};

    long result = sys_call6(SYS_fallocate, fd, 0, 0, 0, length.half[0], length.half[1]);
    return result == 0 ? 0 : errno;
#endif
}

int sys_reserve(int fd, off_t size)
{
    struct {
        uint64_t now, max;
    } limit; /* struct rlimit64, which musl does not declare */

    if (sys_call6(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) == 0 &&
        limit.now < (uint64_t)size) {
        errno = EFBIG;
        return -1;
    }
    int error;
    do
        error = allocate(fd, size);
    while (error == EINTR);
    if (error == 0)
        return 0;
    errno = error;
    return sys_is_refused() || error == EOPNOTSUPP ? ftruncate(fd, size) : -1;
}

int sys_poll(int fd, short events, int milliseconds)
{
    struct timespec limit = {0, milliseconds * 1000000L}; /* ppoll(2) leaves the rest of it */
    struct pollfd polled = {.fd = fd, .events = events};
    long count;

    do
        count = sys_call6(SYS_ppoll, (long)&polled, 1, (long)&limit, 0, _NSIG / 8, 0);
    while (count < 0 && errno == EINTR && limit.tv_nsec > 0);
    return count == 1 ? polled.revents : 0;
}

/* ---- the version ---- */

static unsigned parse_number(const char **at)
{
    unsigned number = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++)
        number = number * 10 + (unsigned)(**at - '0');
    return number;
}

bool sys_is_linux(unsigned major, unsigned minor)
{
    struct utsname name;

    if (sys_uname(&name) != 0)
        return false;
    const char *at = name.release;
    unsigned own = parse_number(&at);
    at += *at == '.';
    return own > major || (own == major && parse_number(&at) >= minor);
}

/* ---- the user ---- */

bool sys_has_capability(unsigned capability)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    return sys_call(SYS_capget, (long)&header, (long)sets, 0) == 0 &&
           (sets[capability / 32].effective >> capability % 32 & 1) != 0;
}

uid_t sys_geteuid(void)
{
    if (!sys_is_sealed())
        atomic_store_explicit(&user, (uid_t)sys_call(SYS_geteuid32, 0, 0, 0), memory_order_relaxed);
    return atomic_load_explicit(&user, memory_order_relaxed);
}
