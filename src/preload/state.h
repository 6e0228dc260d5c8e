/* This process's way to the registry. */
#ifndef PRELOAD_STATE_H
#define PRELOAD_STATE_H

#include "registry/registry.h"

/* The registry, or NULL while nobody in this process or before its fork has put anything in. */
struct registry *state_peek(void);

/* The registry, made now if there is none; NULL where there is no memory for it. */
struct registry *state_registry(void);

#endif
