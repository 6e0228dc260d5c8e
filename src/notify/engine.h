/* What translate/engine.h asks for, of the program whose call is being handled. */
#ifndef NOTIFY_ENGINE_H
#define NOTIFY_ENGINE_H

#include "notify/process.h"

/* For the supervisor, before it handles its first call. */
void engine_start(void);

/* Whose call is handled from now on, until engine_done; borrowed. */
void engine_handle(struct process *p);
void engine_done(void);

#endif
