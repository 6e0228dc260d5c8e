/* The port that is bound where a rule leaves a choice of them. */
#ifndef TRANSLATE_BIND_POOL_H
#define TRANSLATE_BIND_POOL_H

#include "core/table.h"
#include "translate/bind_call.h"

/* Binds to the port that the asked one had before, else to the first free one. Fails as bind(2) does. */
int bind_pool_bind(struct bind_call *c, const struct decision *d);

#endif
