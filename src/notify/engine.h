/* What translate/engine.h asks of an engine, for the program whose call is handled. */
#pragma once

#include "notify/process.h"

/* The supervisor calls it before it handles its first call. */
void engine_start(void);

/* Sets whose call this thread handles from now on. Borrowed until its next call of this function. */
void engine_handle(const struct process *p);
