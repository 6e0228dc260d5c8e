#include "cli/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"
#include "cli/trusted_file.h"

static char file_buf[CONFIG_FILE_MAX];

static long read_stream(FILE *stream, char *buf, size_t size)
{
    size_t got = fread(buf, 1, size, stream);

    if (ferror(stream))
        return errno != 0 ? -errno : -EIO;
    return got == size && getc(stream) != EOF ? -EFBIG : (long)got;
}

/* Returns -EPERM for a file that may not even exist: a folder in its path is closed. */
static long error_on(const char *path, int error)
{
    return error == EACCES && access(path, F_OK) != 0 ? -EPERM : -error;
}

static long read_file(const char *path, char *buf, size_t size)
{
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, buf, size);
    CLEANUP_FILE FILE *stream = fopen(path, "re");
    return stream != NULL ? read_stream(stream, buf, size) : error_on(path, errno);
}

/* A file was refused, and a message says why. */
static bool was_refused;

/* Like read_file, but refuses a file that others can change. */
static long read_trusted_file(const char *path, char *buf, size_t size)
{
    if (strcmp(path, "-") == 0)
        return read_file(path, buf, size);
    if (access(path, F_OK) != 0)
        return error_on(path, errno);
    if (trusted_file_check(path))
        return read_file(path, buf, size);
    was_refused = true;
    return -ECANCELED;
}

static const char *from_environment(enum config_key key)
{
    return getenv(config_variable[key]);
}

/* The settings without the sources of rules. config_load then takes the default table. */
static const char *settings_only(enum config_key key)
{
    bool is_source = key == CONFIG_RULES || key == CONFIG_FILE || key == CONFIG_XDG_CONFIG_HOME ||
                     key == CONFIG_HOME;
    return is_source ? NULL : from_environment(key);
}

static long no_file(const char *path, char *buf, size_t size)
{
    (void)path;
    (void)buf;
    (void)size;
    return -ENOENT;
}

/* Prints the error, if there is one. */
static bool checked(bool ok, const struct diag *d)
{
    if (!ok && !was_refused)
        message_diag(d);
    return ok;
}

bool rules_add_text(struct rules *r, const char *text)
{
    struct source source = {.name = "-r", .text = text, .size = strlen(text)};
    struct diag d;

    r->given = true;
    return checked(table_parse(&r->table, &source, &d), &d);
}

bool rules_add_file(struct rules *r, const char *path)
{
    struct config_input in = {.read = r->is_strict ? read_trusted_file : read_file,
                              .buf = file_buf};
    struct diag d;

    r->given = true;
    return checked(config_read_table(&r->table, path, &in, &d), &d);
}

bool rules_load(const struct rules *r, struct config *config)
{
    struct config_input in = {
        .value = r->given ? settings_only : from_environment,
        .read = r->given       ? no_file
                : r->is_strict ? read_trusted_file
                               : read_file,
        .buf = file_buf,
    };
    struct diag d;

    if (!checked(config_load(config, &in, &d), &d))
        return false;
    if (r->given)
        config->table = r->table;
    return true;
}

bool rules_load_settings(struct config *config)
{
    static const struct rules none = {.given = true};
    return rules_load(&none, config);
}
