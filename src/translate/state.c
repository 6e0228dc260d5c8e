#include "translate/state.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/hot.h"
#include "linux/netns.h"
#include "linux/sys.h"
#include "registry/store.h"
#include "translate/port_pool.h"

struct state_known state_known;
static _Atomic(const char *) problem;

/* The file, where it can be had and is wanted. */
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

COLD struct registry *state_open(const struct setup *setup)
{
    struct registry *known = NULL;
    int saved = errno;
    struct registry *own = open_file(&setup->config);
    if (own == NULL)
        own = registry_create();
    if (own != NULL &&
        atomic_compare_exchange_strong_explicit(&state_known.current, &known, own,
                                                memory_order_acq_rel, memory_order_acquire)) {
        known = own;
    } else if (own != NULL) {
        registry_destroy(own); /* another thread was first */
    }
    errno = saved;
    return known;
}

COLD const struct registry *state_find_to_tell(void)
{
    const struct setup *setup = setup_get();

    if (setup == NULL || !setup->valid || setup->config.report != REPORT_ASKED)
        return NULL;
    const struct registry *known = state_registry(setup);
    atomic_store_explicit(&state_known.calls_by_table, setup->config.connect == CONNECT_TABLE,
                          memory_order_relaxed);
    atomic_store_explicit(&state_known.to_tell, known, memory_order_release);
    return known;
}

COLD uint64_t state_find_netns(int fd)
{
    int saved = errno;
    uint64_t found = netns_of_socket(fd);

    if (found != 0)
        atomic_store_explicit(&state_known.netns, found, memory_order_relaxed);
    errno = saved;
    return found;
}

COLD uint32_t state_find_local_ports(void)
{
    int saved = errno;
    uint16_t low, high;

    port_pool_read_local(&low, &high);
    uint32_t found = (uint32_t)low << 16 | high;
    atomic_store_explicit(&state_known.local_ports, found, memory_order_relaxed);
    errno = saved;
    return found;
}

uint32_t state_seed(const struct registry *r)
{
    return r != NULL ? (uint32_t)registry_identity(r) : 0;
}

const char *state_take_problem(void)
{
    if (atomic_load_explicit(&problem, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange_explicit(&problem, NULL, memory_order_acq_rel);
}
