#include "translate/setup.h"

#include <errno.h>
#include <sys/mman.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "translate/engine.h"

/* What it takes to read one: a mapping of its own, of which untouched pages cost nothing. */
struct loading {
    struct setup setup;
    char file[CONFIG_FILE_MAX];
};

_Atomic(struct setup *) setup_known;

/* Reads to the end of the file, or fails with -EFBIG where `buf` ends first. */
static long read_all(int fd, char *buf, size_t size)
{
    size_t got = 0;

    for (;;) {
        char beyond;
        ssize_t n = got < size ? sys_read(fd, buf + got, size - got) : sys_read(fd, &beyond, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return (long)got;
        if (got == size)
            return -EFBIG;
        got += (size_t)n;
    }
}

/*
 * Tells apart what open(2) does not: a file that may not be read from one that
 * cannot be got at; and a file that is not there when there is no descriptor to
 * look for it with.
 */
static int open_error(const char *path, int error)
{
    struct statx st;
    bool is_there = sys_statx(path, STATX_TYPE, &st) == 0;

    if (error == EACCES)
        return is_there ? EACCES : EPERM;
    return is_there ? error : errno == EACCES ? EPERM : errno;
}

static long read_file(const char *path, char *buf, size_t size)
{
    int fd = sys_open(path, O_RDONLY);
    if (fd < 0)
        return -open_error(path, errno);
    long result = read_all(fd, buf, size);
    sys_close(fd);
    return result;
}

static bool load(struct loading *l)
{
    struct config_input in = {.value = engine_value, .read = read_file, .buf = l->file};
    enum config_key lost;

    bool valid = config_load(&l->setup.config, &in, &l->setup.diag);
    if (valid && engine_lost(&lost)) {
        struct text out = diag_whole(&l->setup.diag, config_variable[lost]);
        text_string(&out,
                    "longer than 64 KiB: put the rules into a file, and name that in REMAP_FILE");
        return false;
    }
    return valid;
}

COLD struct setup *setup_load(void)
{
    struct setup *known = NULL;
    int saved = errno;
    struct loading *own =
        mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (own == MAP_FAILED) {
        errno = saved;
        return NULL;
    }
    own->setup.valid = load(own);
    errno = saved;
    if (atomic_compare_exchange_strong_explicit(&setup_known, &known, &own->setup,
                                                memory_order_acq_rel, memory_order_acquire))
        return &own->setup;
    munmap(own, sizeof(*own));
    return known;
}
