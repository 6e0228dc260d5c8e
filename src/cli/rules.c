#include "cli/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "linux/trust.h"

/* ---- files that only root and this user can change or replace ---- */

enum { LINKS_MAX = 40 }; /* as path_resolution(7) */

static bool refuse(const char *path, const char *why)
{
    message_print("%s %s", path[0] != '\0' ? path : "/", why);
    return false;
}

bool rules_trusts_user(uid_t uid)
{
    struct stat root;

    return uid == 0 || uid == geteuid() || (stat("/", &root) == 0 && uid == root.st_uid);
}

static bool check_folder(const char *path, const struct stat *st, bool holds_the_file)
{
    if (!rules_trusts_user(st->st_uid))
        return refuse(path, "belongs to another user, who can replace the table: move the table, "
                            "or chown the folder to root");
    if ((st->st_mode & 022) != 0 && (holds_the_file || (st->st_mode & S_ISVTX) == 0))
        return refuse(path, "is writable by others, who can replace the table: move the table, "
                            "or chmod go-w the folder");
    return true;
}

static bool check_file(const char *path, const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return refuse(path, "is not a file");
    if (!rules_trusts_user(st->st_uid))
        return refuse(path, "belongs to another user: chown it to root");
    if ((st->st_mode & 022) != 0)
        return refuse(path, "is writable by others: chmod go-w it");
    return true;
}

/*
 * Checks the file or the link at `path` in `folder`: a user who can write to the folder can put
 * another file there.
 */
static bool check_name(const char *folder, const char *path, bool is_last, struct stat *st)
{
    struct stat above;

    if (stat(folder[0] != '\0' ? folder : "/", &above) != 0 || lstat(path, st) != 0)
        return refuse(path, "cannot be examined: check the path");
    if (!check_folder(folder, &above, is_last))
        return false;
    if (!S_ISLNK(st->st_mode))
        return !is_last || check_file(path, st);
    return rules_trusts_user(st->st_uid) ||
           refuse(path, "is a symbolic link of another user: use the path of the file itself");
}

/*
 * Walks `path` from the folder `done` ("" is /) as the kernel does, a name at a time, and checks
 * each. Moves `done` to the end. `is_whole`: the path ends at the file itself.
 */
static bool walk(char done[PATH_MAX], const char *path, bool is_whole, unsigned *links)
{
    char next[PATH_MAX], target[PATH_MAX];
    struct stat st = {.st_mode = 0};

    if (path[0] == '/')
        done[0] = '\0';
    for (path += strspn(path, "/"); *path != '\0'; path += strspn(path, "/")) {
        int size = (int)strcspn(path, "/");
        int length = snprintf(next, sizeof(next), "%s/%.*s", done, size, path);
        if ((size_t)length >= sizeof(next))
            return refuse(done, "is too long");
        path += size;
        const char *name = next + length - size;
        char *slash = strrchr(done, '/');
        if (strcmp(name, "..") == 0 && slash != NULL)
            *slash = '\0';
        if (strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
            continue;
        bool is_last = is_whole && path[strspn(path, "/")] == '\0';
        if (!check_name(done, next, is_last, &st))
            return false;
        if (!S_ISLNK(st.st_mode)) {
            memcpy(done, next, (size_t)length + 1);
            continue;
        }
        ssize_t target_size = readlink(next, target, sizeof(target) - 1);
        if (target_size < 0 || ++*links > LINKS_MAX)
            return refuse(next, "cannot be followed: use the path of the file itself");
        target[target_size] = '\0';
        if (!walk(done, target, is_last, links))
            return false;
    }
    return true;
}

static bool is_trusted_file(const char *path)
{
    char done[PATH_MAX] = "", folder[PATH_MAX] = "";
    unsigned links = 0;

    if (path[0] != '/' && getcwd(folder, sizeof(folder)) == NULL)
        return refuse(path, "is in an unknown folder: use an absolute path");
    return walk(done, folder, false, &links) && walk(done, path, true, &links);
}

/* ---- input ---- */

static char file_buf[CONFIG_FILE_MAX];
static bool is_strict;   /* as in struct rules */
static bool was_refused; /* a file, and a message says why */

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

/* Returns whether the file's text is not for the user that has root run this, by sudo for example. */
static bool is_secret_file(const char *path, int fd)
{
    const char *caller = getenv("SUDO_UID");
    struct stat st;

    if (geteuid() != 0 || trust_is_public(path, fd))
        return false;
    return caller == NULL || fstat(fd, &st) != 0 || st.st_uid == 0 ||
           strtoul(caller, NULL, 10) != st.st_uid;
}

static long read_file(const char *path, char *buf, size_t size, bool *is_secret)
{
    if (strcmp(path, "-") == 0)
        return read_stream(stdin, buf, size);
    if (is_strict && access(path, F_OK) == 0 && !is_trusted_file(path)) {
        was_refused = true;
        return -ECANCELED;
    }
    CLEANUP_FILE FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return error_on(path, errno);
    *is_secret = is_secret_file(path, fileno(stream));
    return read_stream(stream, buf, size);
}

static const char *from_environment(enum config_key key)
{
    return getenv(config_variable[key]);
}

/* The settings alone: any rules in the first source of rules keep config_load from the others. */
static const char *settings_only(enum config_key key)
{
    return key == CONFIG_RULES ? TABLE_DEFAULT : from_environment(key);
}

/* Prints the error, if there is one. */
static bool checked(bool ok, const struct diag *d)
{
    if (!ok && !was_refused)
        message_diag(d);
    return ok;
}

/* Notes an option, and its value unless that is NULL, as a source. One that repeats is named once. */
static void note_source(struct rules *r, const char *option, const char *value)
{
    struct text source = {r->source, sizeof(r->source), strlen(r->source), false};
    size_t size = strlen(option);
    bool repeats =
        value == NULL && source.used >= size && strcmp(r->source + source.used - size, option) == 0;

    r->given = true;
    if (repeats)
        return;
    text_string(&source, source.used > 0 ? ", " : "");
    text_string(&source, option);
    text_string(&source, value != NULL ? " " : "");
    text_string(&source, value != NULL ? value : "");
}

static void add_rules(struct rules *r, const char *option, const char *text)
{
    struct source source = {.name = option, .text = text, .size = strlen(text)};
    struct diag d;

    note_source(r, option, NULL);
    if (!checked(table_parse(&r->table, &source, &d), &d))
        exit(STATUS_BAD_TABLE);
}

void rules_add_text(struct rules *r, const char *text)
{
    add_rules(r, "-r", text);
}

void rules_add_auto(struct rules *r)
{
    add_rules(r, "--auto", "1-1023=auto");
}

void rules_add_published(struct rules *r, const char *text)
{
    struct source source = {.name = "-p", .text = text, .size = strlen(text)};
    char buf[RULE_TEXT_MAX];
    struct rule rule;
    struct diag d;

    if (!checked(rule_parse_published(&rule, &source, &d), &d))
        exit(STATUS_BAD_TABLE);
    add_rules(r, "-p", output_rule(&rule, buf));
}

void rules_add_file(struct rules *r, const char *path)
{
    struct config_input in = {.read = read_file, .buf = file_buf};
    struct diag d;

    note_source(r, "-f", path);
    is_strict = r->is_strict;
    if (!checked(config_read_table(&r->table, path, &in, &d), &d))
        exit(STATUS_BAD_TABLE);
}

/* Says once which variables are ignored. */
static void print_ignored(const struct config *config)
{
    static unsigned printed = 1u << CONFIG_FILE; /* an error */

    for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
        if ((config->ignored & ~printed) >> key & 1)
            message_print("%s" CONFIG_IGNORED, config_variable[key]);
    }
    printed |= config->ignored;
}

bool rules_load(const struct rules *r, struct config *config)
{
    /* A strict reader refuses such files by itself. */
    struct config_input in = {.value = r->given ? settings_only : from_environment,
                              .read = read_file,
                              .trust = geteuid() == 0 && !r->is_strict ? trust_of : NULL,
                              .buf = file_buf};
    struct diag d;

    is_strict = r->is_strict;
    bool is_valid = config_load(config, &in, &d);
    print_ignored(config);
    if (!checked(is_valid, &d))
        return false;
    if (!r->given)
        return true;
    config->table = r->table;
    text_copy(config->source, sizeof(config->source), r->source);
    return true;
}
