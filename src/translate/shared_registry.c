#include "translate/shared_registry.h"

#include <errno.h>
#include <stdatomic.h>

#include "core/hot.h"
#include "linux/netns.h"
#include "linux/procfs.h"
#include "linux/route.h"
#include "linux/sys.h"
#include "registry/store.h"
#include "translate/cache.h"
#include "translate/engine.h"
#include "translate/settings.h"

struct shared_registry_known shared_registry_known;
static _Atomic(const char *) problem;

/* Returns NULL if no file is wanted, or, with `problem` set, if none can be opened. */
static struct registry *open_file(const struct config *config)
{
    char folder[STORE_DEFAULT_MAX];
    const char *why = NULL;
    struct registry *r = NULL;

    if (config->state_off)
        return NULL;
    if (config->state[0] != '\0')
        r = store_open(config->state, &why);
    if (r == NULL && !config->state_given)
        r = store_open(store_default_folder(folder), &why);
    if (r == NULL)
        atomic_store_explicit(&problem, why, memory_order_release);
    return r;
}

static struct registry *open_or_make(const struct config *config)
{
    struct registry *r = open_file(config);
    return r != NULL ? r : registry_create();
}

/*
 * Returns the file that open_file() opens, or NULL if it does not exist. Where the first folder does
 * not exist, but can be made, open_file() would make it.
 */
static struct registry *find_file(const struct config *config)
{
    char folder[STORE_DEFAULT_MAX];
    const char *why = "";
    struct registry *r = NULL;

    if (config->state_off)
        return NULL;
    if (config->state[0] != '\0')
        r = store_find(config->state, &why);
    if (r != NULL || config->state_given ||
        (why == NULL && sys_access(engine_value(CONFIG_XDG_RUNTIME_DIR), W_OK) == 0))
        return r;
    return store_find(store_default_folder(folder), &why);
}

/* Returns the registry of this process: `own`, or, with `own` destroyed, that of a thread that was first. */
static struct registry *publish(struct registry *own)
{
    struct registry *known = NULL;

    if (own == NULL ||
        atomic_compare_exchange_strong_explicit(&shared_registry_known.current, &known, own,
                                                memory_order_acq_rel, memory_order_acquire))
        return own;
    registry_destroy(own);
    return known;
}

COLD static struct registry *open_by(struct registry *(*function)(const struct config *))
{
    const struct settings *settings = settings_get();
    int saved = errno;

    if (settings == NULL || !settings->valid)
        return NULL;
    struct registry *r = publish(function(&settings->config));
    errno = saved;
    return r;
}

struct registry *shared_registry_open(void)
{
    return open_by(open_or_make);
}

struct registry *shared_registry_open_existing(void)
{
    return open_by(find_file);
}

COLD const struct registry *shared_registry_find_for_names(void)
{
    const struct settings *settings = settings_get();

    if (settings == NULL || settings->config.report != REPORT_ASKED)
        return NULL;
    const struct registry *known = shared_registry_get();
    if (settings->config.connect == CONNECT_TABLE)
        atomic_store_explicit(&shared_registry_known.calls_by_table, true, memory_order_relaxed);
    atomic_store_explicit(&shared_registry_known.for_names, known, memory_order_release);
    return known;
}

COLD uint64_t shared_registry_find_netns(int fd)
{
    int saved = errno;
    uint64_t found = engine_netns(fd);

    if (found != 0 && engine_kind == ENGINE_PRELOAD)
        atomic_store_explicit(&shared_registry_known.netns, found, memory_order_relaxed);
    errno = saved;
    return found;
}

COLD uint32_t shared_registry_find_ephemeral(void)
{
    int saved = errno;
    uint64_t range[2];
    bool is_read = procfs_numbers("/proc/sys/net/ipv4/ip_local_port_range", range, 2) == 2 &&
                   range[0] >= 1 && range[0] <= range[1] && range[1] <= UINT16_MAX;
    uint32_t found = is_read ? (uint32_t)(range[0] << 16 | range[1])
                             : UINT32_C(32768) << 16 | 60999; /* the kernel's default */

    atomic_store_explicit(&shared_registry_known.ephemeral, found, memory_order_relaxed);
    errno = saved;
    return found;
}

void shared_registry_prepare(void)
{
    int saved = errno;
    SYS_CLEANUP_FD int fd = sys_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    shared_registry_get();
    shared_registry_for_names();
    (void)netns_is_own(shared_registry_netns(fd));
    shared_registry_ephemeral();
    (void)sys_geteuid();
    route_prepare();
    errno = saved;
}

uint32_t shared_registry_seed(void)
{
    const struct registry *r = shared_registry_get();
    return r != NULL ? (uint32_t)registry_identity(r) : 0;
}

COLD bool shared_registry_settle(uint64_t netns, uint16_t port)
{
    enum { SETTLED, FAILED };
    struct registry *r = shared_registry_get();
    uint64_t key = cache_key('s' ^ netns, &port, sizeof(port));
    uint16_t answer;

    if (r == NULL ||
        (cache_get(key, &answer) && (answer == FAILED || !registry_has_passed(r, port))))
        return false;
    bool is_settled = registry_settle(r, netns, port);
    cache_put(key, is_settled ? SETTLED : FAILED);
    return is_settled;
}

const char *shared_registry_take_problem(void)
{
    if (atomic_load_explicit(&problem, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange_explicit(&problem, NULL, memory_order_acq_rel);
}
