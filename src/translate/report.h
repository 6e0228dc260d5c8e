/* Lines for people: what became of a bind, in terms of both ports. */
#pragma once

#include <stddef.h>

#include "core/config.h"
#include "core/endpoint.h"
#include "core/text.h"
#include "registry/registry.h"
#include "translate/settings.h"

enum { REPORT_LINE_MAX = DIAG_TEXT_MAX + 64 };

/* A line. Append to `text` between report_start() and report_finish(). */
struct report_line {
    struct text text;
    char buf[REPORT_LINE_MAX];
};

/* Returns true if lines of this level are wanted. Without a config, errors are. */
static inline bool report_wants(const struct config *config, enum level level)
{
    return level <= (config != NULL ? config->level : LEVEL_ERROR);
}

/* Starts a line: "remap: ". */
void report_start(struct report_line *line);

/*
 * Ends the line, and writes it to the log file or standard error if that does not have to wait
 * (log_write). Keeps errno.
 */
void report_finish(struct report_line *line, const struct config *config);

/*
 * The functions below each write a line of one level. None writes if that level is not
 * wanted.
 */

/* What became of a bind: the asked endpoint, `text`, and the actual endpoint unless it is NULL. */
void report_bind(const struct settings *settings, enum level level, const struct endpoint *asked,
                 const char *text, const struct endpoint *actual);

/*
 * Error: the kernel refused the bind for the reason `failure`, an errno; and which process
 * has the port. `record` is a record that conflicts, or NULL. If a program tries again and
 * again, its failure is reported once.
 */
void report_failed(struct settings *settings, const struct endpoint *asked,
                   const struct endpoint *actual, int failure, const struct registry_entry *record);

/* Error: a bind that was passed on found its port in use: `record` was remapped to it. */
void report_taken(struct settings *settings, const struct endpoint *asked,
                  const struct registry_entry *record);

/* Error, once: the kernel refused a privileged port that no rule matches. */
void report_unmatched(struct settings *settings, const struct endpoint *asked);

/* Debug, once: which table applies. */
void report_settings(struct settings *settings);

/* Error: the folder of the registry cannot be used, for the reason `problem`. */
void report_private_registry(const struct settings *settings, const char *problem);

/* Error: a variable of root that is ignored, since its path is not trusted. */
void report_ignored(enum config_key key, const struct config *config);

/* Error, once: the settings are invalid, or NULL for want of memory. */
void report_invalid_settings(struct settings *settings);
