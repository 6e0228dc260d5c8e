#include "translate/report.h"

#include <errno.h>
#include <string.h>

#include "linux/log.h"
#include "linux/sys.h"
#include "translate/cache.h"
#include "translate/engine.h"
#include "translate/refusal.h"

/* ---- lines ---- */

/* A pipe without a reader cannot be opened so, and would stop the program otherwise. */
enum { LOG_FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK };

void report_start(struct report_line *line)
{
    text_init(&line->text, line->buf, sizeof(line->buf) - 1); /* one byte for the newline */
    text_string(&line->text, "remap: ");
}

void report_finish(struct report_line *line, const struct config *config)
{
    int saved = errno;
    const char *path = config != NULL ? config->log_file : "";
    int file = path[0] != '\0' ? sys_open(path, LOG_FLAGS) : -1;
    int out = file >= 0 ? file : engine_stderr();

    line->buf[line->text.used++] = '\n';
    if (out >= 0)
        log_write(out, line->buf, line->text.used);
    if (file >= 0 || out > STDERR_FILENO)
        sys_close(out);
    errno = saved;
}

/* ---- what became of a bind ---- */

/* Starts a line with the name of the program, as syslog writes it. */
static void start(struct report_line *line)
{
    char name[16]; /* TASK_COMM_LEN */

    report_start(line);
    engine_program(name);
    text_printable(&line->text, name, strnlen(name, sizeof(name)));
    text_char(&line->text, '[');
    text_number(&line->text, (unsigned long)engine_pid());
    text_string(&line->text, "]: ");
}

static void start_asked(struct report_line *line, const struct endpoint *asked)
{
    start(line);
    endpoint_format(asked, &line->text);
}

void report_bind(const struct settings *settings, enum level level, const struct endpoint *asked,
                 const char *text, const struct endpoint *actual)
{
    struct report_line line;

    if (!report_wants(&settings->config, level))
        return;
    start_asked(&line, asked);
    text_string(&line.text, text);
    if (actual != NULL)
        endpoint_format(actual, &line.text);
    report_finish(&line, &settings->config);
}

/* ---- why a bind failed ---- */

/*
 * Returns true if the same failure was reported before, unless many others were. Two threads that
 * fail at the same time may both report it.
 */
static bool is_repeated(struct settings *settings, const struct endpoint *asked,
                        const struct endpoint *actual, int failure)
{
    size_t count = sizeof(settings->failures) / sizeof(settings->failures[0]);
    uint64_t key = (uint64_t)failure << 40 | (uint64_t)asked->proto << 32 |
                   (uint64_t)asked->port << 16 | actual->port;

    key = cache_key(key, &asked->addr, sizeof(asked->addr));
    key = cache_key(key, &actual->addr, sizeof(actual->addr)) | 1; /* never 0, which is none */
    for (size_t i = 0; i < count; i++) {
        uint64_t reported = atomic_load_explicit(&settings->failures[i], memory_order_relaxed);
        if (reported == key)
            return true;
        if (reported == 0) {
            atomic_store_explicit(&settings->failures[i], key, memory_order_relaxed);
            return false;
        }
    }
    atomic_store_explicit(&settings->failures[key / 2 % count], key, memory_order_relaxed);
    return false;
}

void report_failed(struct settings *settings, const struct endpoint *asked,
                   const struct endpoint *actual, int failure, const struct registry_entry *record)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_ERROR) ||
        is_repeated(settings, asked, actual, failure))
        return;
    start_asked(&line, asked);
    text_string(&line.text, " cannot bind ");
    endpoint_format(actual, &line.text);
    text_string(&line.text, ": ");
    refusal_append(&line.text, settings, asked, actual, failure, record);
    report_finish(&line, &settings->config);
}

void report_taken(struct settings *settings, const struct endpoint *asked,
                  const struct registry_entry *record)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_ERROR) ||
        is_repeated(settings, asked, asked, EADDRINUSE))
        return;
    start_asked(&line, asked);
    text_string(&line.text, " is in use for ");
    refusal_append_asked(&line.text, record, asked->proto);
    text_string(&line.text, ", which was remapped to it: give that another target");
    report_finish(&line, &settings->config);
}

void report_unmatched(struct settings *settings, const struct endpoint *asked)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_ERROR) ||
        is_repeated(settings, asked, asked, EACCES))
        return;
    start(&line);
    text_string(&line.text, "no rule matches ");
    endpoint_format(asked, &line.text);
    text_string(&line.text, ": add '");
    text_number(&line.text, asked->port);
    text_char(&line.text, '=');
    text_number(&line.text, asked->port + 8000UL);
    text_string(&line.text, "', or --auto");
    report_finish(&line, &settings->config);
}

/* ---- settings and registry ---- */

void report_settings(struct settings *settings)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_DEBUG) || atomic_exchange(&settings->reported, true))
        return;
    start(&line);
    text_string(&line.text, "the table from ");
    text_printable(&line.text, settings->config.source, strlen(settings->config.source));
    text_string(&line.text, " is ");
    table_format(&settings->config.table, ',', &line.text);
    report_finish(&line, &settings->config);
}

void report_private_registry(const struct settings *settings, const char *problem)
{
    const struct config *config = &settings->config;
    struct report_line line;

    if (!report_wants(config, LEVEL_ERROR))
        return;
    report_start(&line);
    text_string(&line.text, "only child processes see remapped ports: ");
    if (config->state_given)
        text_printable(&line.text, config->state, strlen(config->state));
    else
        text_string(&line.text, "the folder of the registry in /tmp");
    text_char(&line.text, ' ');
    text_string(&line.text, problem);
    report_finish(&line, config);
}

void report_ignored(enum config_key key, const struct config *config)
{
    struct report_line line;

    if (!report_wants(config, LEVEL_ERROR))
        return;
    report_start(&line);
    text_string(&line.text, config_variable[key]);
    text_string(&line.text, CONFIG_IGNORED);
    report_finish(&line, config);
}

void report_invalid_settings(struct settings *settings)
{
    struct report_line line;
    const struct config *config = settings != NULL ? &settings->config : NULL;

    if (!report_wants(config, LEVEL_ERROR) ||
        (settings != NULL && atomic_exchange(&settings->reported, true)))
        return;
    report_start(&line);
    if (settings != NULL)
        diag_format(&settings->diag, &line.text);
    else
        text_string(&line.text, "out of memory for the table");
    report_finish(&line, config);
}
