/* What translate/engine.h asks for, of the program whose call is being handled. */
#ifndef NOTIFY_ENGINE_H
#define NOTIFY_ENGINE_H

#include "notify/process.h"

/* For the supervisor, before it handles its first call. */
void engine_start(void);

/* Whose call is handled from now on; borrowed until the next call of this function. */
void engine_handle(const struct process *p);

#endif
