/* What translate/engine.h asks of an engine, for the program whose call is handled. */
#pragma once

#include "notify/notification.h"
#include "notify/process.h"

/* The supervisor calls it before it handles its first call. */
void engine_start(void);

/* Sets the call that this thread handles, and its process. Both must stay valid until the next call. */
void engine_handle(const struct process *p, const struct notification *n);
