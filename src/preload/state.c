#include "preload/state.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#include "preload/socket.h"
#include "registry/store.h"
#include "registry/sys.h"

static _Atomic(struct registry *) current;
static _Atomic(const char *) problem;

static struct registry *open_default(const char **why)
{
    char folder[64];
    struct text path;

    text_init(&path, folder, sizeof(folder));
    text_string(&path, "/tmp/remap-");
    text_number(&path, sys_geteuid());
    return store_open(folder, why);
}

/* The file, where it can be had and is wanted. */
static struct registry *open_file(const struct config *config)
{
    const char *why = NULL;
    struct registry *r = NULL;

    if (config->state_off)
        return NULL;
    if (config->state[0] != '\0')
        r = store_open(config->state, &why);
    if (r == NULL && !config->state_given)
        r = open_default(&why);
    if (r == NULL)
        atomic_store_explicit(&problem, why, memory_order_release);
    return r;
}

struct registry *state_registry(const struct setup *setup)
{
    struct registry *known = atomic_load_explicit(&current, memory_order_acquire);
    if (known != NULL)
        return known;

    int saved = errno;
    struct registry *own = open_file(&setup->config);
    if (own == NULL)
        own = registry_create();
    if (own != NULL && atomic_compare_exchange_strong_explicit(
                           &current, &known, own, memory_order_acq_rel, memory_order_acquire)) {
        known = own;
    } else if (own != NULL) {
        registry_destroy(own); /* another thread was first */
    }
    errno = saved;
    return known;
}

uint64_t state_netns(int fd)
{
    static _Atomic uint64_t netns;
    uint64_t known = atomic_load_explicit(&netns, memory_order_relaxed);

    if (known == 0) {
        int saved = errno;
        known = socket_netns(fd);
        atomic_store_explicit(&netns, known, memory_order_relaxed);
        errno = saved;
    }
    return known;
}

uint32_t state_seed(const struct registry *r)
{
    return r != NULL ? (uint32_t)registry_identity(r) : 0;
}

const char *state_take_problem(void)
{
    return atomic_exchange_explicit(&problem, NULL, memory_order_acq_rel);
}
