#include "translate/settings.h"

#include <errno.h>
#include <sys/mman.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "linux/trust.h"
#include "translate/engine.h"
#include "translate/report.h"

/* Memory of its own to read them in. Pages that are never touched cost nothing. */
struct loading {
    struct settings settings;
    char file[CONFIG_FILE_MAX + 1]; /* a file that fills it is too large */
};

_Atomic(struct settings *) settings_known;

/* Reads to the end of the file. Returns the size, or -EFBIG if it is more than `size`. */
static long read_all(int fd, char *buf, size_t size)
{
    size_t got = 0;
    ssize_t n;

    do {
        n = sys_read(fd, buf + got, size + 1 - got);
        if (n < 0 && errno != EINTR)
            return -errno;
        got += n > 0 ? (size_t)n : 0;
    } while (n != 0 && got <= size);
    return got <= size ? (long)got : -EFBIG;
}

/*
 * Returns EACCES if the file may not be read, and EPERM if a folder in its path is closed:
 * open(2) says EACCES to both. Returns ENOENT if a file that could not be opened for another
 * reason, such as EMFILE, does not exist.
 */
static int open_error(const char *path, int error)
{
    struct statx st;

    if (error == ENOENT || error == ENOTDIR)
        return error;
    bool exists = sys_statx(path, STATX_TYPE, &st) == 0;
    if (error == EACCES)
        return exists ? EACCES : EPERM;
    return exists ? error : errno == EACCES ? EPERM : errno;
}

static long read_file(const char *path, char *buf, size_t size, bool *is_secret)
{
    int fd = sys_open(path, O_RDONLY);
    if (fd < 0)
        return -open_error(path, errno);
    *is_secret = *is_secret && !trust_is_public(path, fd);
    long result = read_all(fd, buf, size);
    sys_close(fd);
    return result;
}

/* The variables may be those of another user, who must not see what root alone can read. */
static long read_as_root(const char *path, char *buf, size_t size, bool *is_secret)
{
    *is_secret = true;
    return read_file(path, buf, size, is_secret);
}

static bool load(struct loading *l)
{
    bool is_root = sys_geteuid() == 0;
    struct config_input in = {.value = engine_value,
                              .read = is_root ? read_as_root : read_file,
                              .trust = is_root ? trust_of : NULL,
                              .buf = l->file};
    enum config_key lost;

    bool valid = config_load(&l->settings.config, &in, &l->settings.diag);
    if (valid && engine_lost(&lost))
        return diag_whole(&l->settings.diag, config_variable[lost],
                          "longer than 64 KiB: put the rules into a file and set REMAP_FILE to it");
    return valid;
}

static void report_all_ignored(const struct config *config)
{
    for (enum config_key key = 0; config->ignored >> key != 0; key++) {
        if ((config->ignored >> key & 1) != 0 && key != CONFIG_FILE) /* that is an error */
            report_ignored(key, config);
    }
}

COLD struct settings *settings_load(void)
{
    struct settings *known = NULL;
    int saved = errno;
    struct loading *own =
        mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (own == MAP_FAILED) {
        errno = saved;
        return NULL;
    }
    own->settings.valid = load(own);
    errno = saved;
    if (atomic_compare_exchange_strong_explicit(&settings_known, &known, &own->settings,
                                                memory_order_acq_rel, memory_order_acquire)) {
        report_all_ignored(&own->settings.config);
        return &own->settings;
    }
    munmap(own, sizeof(*own));
    return known;
}
