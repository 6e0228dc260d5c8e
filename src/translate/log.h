/* Lines for people, to stderr or to REMAP_LOG_FILE. */
#ifndef TRANSLATE_LOG_H
#define TRANSLATE_LOG_H

#include <stddef.h>

#include "core/config.h"
#include "core/text.h"

enum { LOG_LINE_MAX = DIAG_TEXT_MAX + 64 };

/* A line in the making. Write to `text` between log_start and log_finish. */
struct log_line {
    struct text text;
    char buf[LOG_LINE_MAX];
};

/* Whether lines of this level are wanted. `config` may be NULL: then errors are. */
static inline bool log_wants(const struct config *config, enum level level)
{
    return level <= (config != NULL ? config->level : LEVEL_ERROR);
}

/* Starts a line: "remap: ". */
void log_start(struct log_line *line);

/* Appends "program[pid]", as syslog writes it. */
void log_program(struct log_line *line);

/*
 * Ends the line and writes it with one write(2). Nothing comes of it where that
 * fails, where nobody reads (no SIGPIPE is raised), or where stderr is a network
 * connection, as for a child of inetd(8), whose peer must not see it. errno is
 * kept. `config` as for log_wants.
 */
void log_finish(struct log_line *line, const struct config *config);

#endif
