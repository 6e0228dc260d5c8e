/* What the tests of the registry share. */
#ifndef UNIT_REGISTRY_H
#define UNIT_REGISTRY_H

#include "registry/registry.h"
#include "unit.h"

#define NETNS 4026531840U

/* For TEST: *state is an empty registry. */
#define IN_MEMORY .setup_func = create_registry, .teardown_func = destroy_registry

static inline bool put(struct registry *r, const char *asked, const char *actual)
{
    struct registry_entry e = {.asked = unit_endpoint(asked),
                               .actual = unit_endpoint(actual),
                               .netns = NETNS,
                               .pid = 1,
                               .inode = {2}};
    return registry_put(r, &e) == REGISTRY_PUT;
}

/* The asked port that is known for an actual endpoint, or 0. */
static inline uint16_t asked_port(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, NETNS, &wanted, &e) == REGISTRY_KNOWN ? e.asked.port : 0;
}

static inline int create_registry(void **state)
{
    *state = registry_create();
    return *state == NULL;
}

static inline int destroy_registry(void **state)
{
    registry_destroy(*state);
    return 0;
}

#endif
