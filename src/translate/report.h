/* The lines that tell people what became of a bind, in terms of both ports. */
#ifndef TRANSLATE_REPORT_H
#define TRANSLATE_REPORT_H

#include <stddef.h>

#include "core/config.h"
#include "core/endpoint.h"
#include "core/text.h"
#include "registry/registry.h"
#include "translate/settings.h"

enum { REPORT_LINE_MAX = DIAG_TEXT_MAX + 64 };

/* A line in the making. Write to `text` between report_start and report_finish. */
struct report_line {
    struct text text;
    char buf[REPORT_LINE_MAX];
};

/* Whether lines of this level are wanted. `config` may be NULL: then errors are. */
static inline bool report_wants(const struct config *config, enum level level)
{
    return level <= (config != NULL ? config->level : LEVEL_ERROR);
}

/* Starts a line: "remap: ". */
void report_start(struct report_line *line);

/* Appends "program[pid]", as syslog writes it. */
void report_program(struct report_line *line);

/*
 * Ends the line and writes it with one write(2). Nothing comes of it where that
 * fails, where nobody reads (no SIGPIPE is raised), or where stderr is a network
 * connection, as for a child of inetd(8), whose peer must not see it. errno is
 * kept. `config` as for report_wants.
 */
void report_finish(struct report_line *line, const struct config *config);

/* Level info: it worked. */
void report_mapped(const struct settings *settings, const struct endpoint *asked,
                   const struct endpoint *actual);

/* Level debug: it is none of ours, whatever the kernel says to it. */
void report_passed(const struct settings *settings, const struct endpoint *asked);

/* Level debug, once: which table it is. */
void report_settings(struct settings *settings);

/* Level info: a rule refuses it. */
void report_denied(const struct settings *settings, const struct endpoint *asked);

/*
 * Level error: the kernel would not have it, for the reason `failure`, an errno;
 * and who has the port, where that can be seen. `other` is what the registry has
 * in the way, or NULL. Programs that try again and again are told once.
 */
void report_failed(struct settings *settings, const struct endpoint *asked,
                   const struct endpoint *actual, int failure, const struct registry_entry *other);

/* Level error: a bind that was passed on found its port taken by `other`, which was moved there. */
void report_taken(struct settings *settings, const struct endpoint *asked,
                  const struct registry_entry *other);

/* Level error: getsockname will tell the actual port. */
void report_unrecorded(const struct settings *settings, const struct endpoint *asked);

/* Level error: the folder of the registry cannot be used, for the reason `problem`. */
void report_private_registry(const struct settings *settings, const char *problem);

/* Level error, once: the configuration is not valid, or (NULL) there was no memory to read it. */
void report_invalid_settings(struct settings *settings);

#endif
