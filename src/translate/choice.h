/* The port that is bound where a rule leaves a choice of them. */
#ifndef TRANSLATE_CHOICE_H
#define TRANSLATE_CHOICE_H

#include "core/table.h"
#include "translate/call.h"

/* Binds to the port that the asked one had before, else to the first free one. Fails as bind(2) does. */
int choice_bind(struct call *c, const struct decision *d);

#endif
