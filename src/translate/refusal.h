/* Why the kernel refused a bind, and what to do about it, in words. */
#pragma once

#include "core/text.h"
#include "registry/registry.h"
#include "translate/settings.h"

/*
 * Appends why the bind of `asked` to `actual` failed with the errno `failure`. If the port is in use,
 * looks for the process that has it, in /proc: that takes milliseconds. `record` is a record that
 * conflicts, or NULL. It may be stale.
 */
void refusal_append(struct text *out, const struct settings *settings, const struct endpoint *asked,
                    const struct endpoint *actual, int failure,
                    const struct registry_entry *record);

/* Appends what a record was asked for; with `proto` if the record has no protocol. */
void refusal_append_asked(struct text *out, const struct registry_entry *record, enum proto proto);
