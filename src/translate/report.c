#include "translate/report.h"

#include <errno.h>
#include <string.h>

#include "linux/port_owner.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/engine.h"

/* ---- lines ---- */

/* A pipe that nobody reads must not hold the program up: it cannot be opened then. */
enum { LOG_FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK };

void report_start(struct report_line *line)
{
    text_init(&line->text, line->buf, sizeof(line->buf) - 1); /* one byte for the newline */
    text_string(&line->text, "remap: ");
}

void report_program(struct report_line *line)
{
    char name[16]; /* TASK_COMM_LEN */

    engine_program(name);
    text_printable(&line->text, name, strnlen(name, sizeof(name)));
    text_char(&line->text, '[');
    text_number(&line->text, (unsigned long)engine_pid());
    text_char(&line->text, ']');
}

/*
 * Writes without SIGPIPE and SIGXFSZ: a program must not die of a line that it did
 * not write. They are blocked, and taken away if it was this write that raised them.
 */
static void write_quietly(int fd, const char *buf, size_t size)
{
    sigset_t raised, before, pending;

    sigemptyset(&raised);
    sigaddset(&raised, SIGPIPE);
    sigaddset(&raised, SIGXFSZ);
    sigemptyset(&before);
    sigemptyset(&pending);
    if (sys_sigmask(SIG_BLOCK, &raised, &before) != 0)
        return;
    sys_call(SYS_rt_sigpending, (long)&pending, _NSIG / 8, 0);
    if (sys_write(fd, buf, size) < 0 && (errno == EPIPE || errno == EFBIG)) {
        static const struct timespec at_once = {0, 0};
        if (sigismember(&pending, SIGPIPE))
            sigdelset(&raised, SIGPIPE);
        if (sigismember(&pending, SIGXFSZ))
            sigdelset(&raised, SIGXFSZ);
        sys_call6(SYS_rt_sigtimedwait, (long)&raised, 0, (long)&at_once, _NSIG / 8, 0, 0);
    }
    sys_sigmask(SIG_SETMASK, &before, NULL);
}

void report_finish(struct report_line *line, const struct config *config)
{
    int saved = errno;
    const char *path = config != NULL ? config->log_file : "";
    int file = path[0] != '\0' ? sys_open(path, LOG_FLAGS) : -1;

    int out = file >= 0 ? file : engine_stderr();

    line->buf[line->text.used++] = '\n';
    if (out >= 0 && (file >= 0 || !socket_is_inet(out)))
        write_quietly(out, line->buf, line->text.used);
    if (file >= 0 || out > STDERR_FILENO)
        sys_close(out);
    errno = saved;
}

/* ---- what became of a bind ---- */

static void start(struct report_line *line, const struct endpoint *asked)
{
    report_start(line);
    report_program(line);
    text_string(&line->text, ": ");
    endpoint_format(asked, &line->text);
}

static void finish(struct report_line *line, const struct settings *settings, const char *end)
{
    text_string(&line->text, end);
    report_finish(line, &settings->config);
}

/* A line of which all is known beforehand but the endpoint. */
static void tell(const struct settings *settings, enum level level, const struct endpoint *asked,
                 const char *end)
{
    struct report_line line;

    if (!report_wants(&settings->config, level))
        return;
    start(&line, asked);
    finish(&line, settings, end);
}

void report_mapped(const struct settings *settings, const struct endpoint *asked,
                   const struct endpoint *actual)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_INFO))
        return;
    start(&line, asked);
    text_string(&line.text, " is on ");
    endpoint_format(actual, &line.text);
    finish(&line, settings, "");
}

void report_passed(const struct settings *settings, const struct endpoint *asked)
{
    tell(settings, LEVEL_DEBUG, asked, " stays");
}

void report_settings(struct settings *settings)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_DEBUG) || atomic_exchange(&settings->reported, true))
        return;
    report_start(&line);
    report_program(&line);
    text_string(&line.text, ": the table is that of ");
    text_printable(&line.text, settings->config.source, strlen(settings->config.source));
    text_string(&line.text, ": ");
    table_format(&settings->config.table, ',', &line.text);
    report_finish(&line, &settings->config);
}

void report_denied(const struct settings *settings, const struct endpoint *asked)
{
    tell(settings, LEVEL_INFO, asked, " is refused: a rule of the table says deny");
}

void report_unrecorded(const struct settings *settings, const struct endpoint *asked)
{
    tell(settings, LEVEL_ERROR, asked,
         " is bound but could not be noted: getsockname will tell the actual port");
}

/* " by nginx (pid 123)", or what else can be seen of them. */
static void tell_holder(struct text *out, const struct port_owner *h)
{
    if (h->pid == engine_pid()) {
        text_string(out, " by this program itself");
        return;
    }
    text_string(out, " by ");
    if (h->pid != 0) {
        text_printable(out, h->program, strlen(h->program));
        text_string(out, " (pid ");
        text_number(out, (unsigned long)h->pid);
    } else {
        text_string(out, "another process (uid ");
        text_number(out, h->uid);
    }
    text_char(out, ')');
}

/* What another asked for: with the protocol of the two, where its own was not asked. */
static void format_other(const struct endpoint *other, enum proto proto, struct text *out)
{
    struct endpoint e = *other;

    e.proto = e.proto == PROTO_ANY ? proto : e.proto;
    endpoint_format(&e, out);
}

/* What stands behind "address already in use": who, and what to do about it. */
static void tell_in_use(struct text *out, const struct endpoint *asked,
                        const struct endpoint *actual, const struct registry_entry *other)
{
    struct port_owner h = {.pid = 0};
    pid_t self = engine_pid();
    /* Its number in its own pid namespace says nothing to a /proc of another one. */
    bool is_seen = port_owner_find_socket(engine_kind == ENGINE_PRELOAD ? 0 : self, actual, &h);

    if (is_seen) {
        port_owner_find_processes(&h, 1);
        tell_holder(out, &h);
    }
    /* An entry of the registry may be of a socket that is closed by now. */
    bool is_other = other != NULL && (!is_seen || h.pid == self || h.pid == (pid_t)other->pid);
    if (is_other && other->asked.port == asked->port) {
        bool is_moved = !addr_equal(&asked->addr, &actual->addr);
        text_string(out, ", for ");
        format_other(&other->asked, asked->proto, out);
        text_string(out, is_moved  ? ": write the rule for one address of these"
                         : is_seen ? ": bind the port once"
                                   : ": bind the port once, or set SO_REUSEADDR if it was closed");
    } else if (is_other && other->asked.port != other->actual.port) {
        text_string(out, ", for ");
        format_other(&other->asked, asked->proto, out);
        text_string(out, ": give one of them another target in the table");
    } else if (is_seen && h.pid != self) {
        text_string(out, ": stop it, or give the asked port another target in the table");
    } else {
        text_string(out, ": give the asked port another target in the table");
    }
}

static void tell_failure(struct text *out, int failure, bool is_moved)
{
    switch (failure) {
    case EACCES:
        text_string(out, "permission denied: choose a target port that this user may bind");
        break;
    case EADDRNOTAVAIL:
        text_string(
            out,
            is_moved
                ? "no such address on this machine: correct the address in the table"
                : "no such address on this machine: it would have failed without a table, too");
        break;
    case EAFNOSUPPORT:
        text_string(out, "the address is of another family than the socket: "
                         "write the rule for addresses of one family");
        break;
    case EINVAL:
        text_string(out, "invalid argument: the socket is bound already, or of IPv6 only");
        break;
    default:
        text_string(out, "error ");
        text_number(out, (unsigned long)failure);
        text_string(out, ": see errno(3)");
    }
}

/* Mixes bytes into a hash (FNV-1a). */
static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
    for (const uint8_t *at = bytes; count > 0; at++, count--)
        hash = (hash ^ *at) * UINT64_C(1099511628211);
    return hash;
}

/* One number for all that tells failures apart; never 0, which is that of none. */
static uint64_t failure_key(const struct endpoint *asked, const struct endpoint *actual,
                            int failure)
{
    uint64_t key = UINT64_C(14695981039346656037);

    key = mix(key, &asked->proto, sizeof(asked->proto));
    key = mix(key, &asked->addr, sizeof(asked->addr));
    key = mix(key, &asked->port, sizeof(asked->port));
    key = mix(key, &actual->addr, sizeof(actual->addr));
    key = mix(key, &actual->port, sizeof(actual->port));
    return mix(key, &failure, sizeof(failure)) | 1;
}

/* Whether this failure was told of late. Two threads that fail at once may tell one twice. */
static bool is_told(struct settings *settings, const struct endpoint *asked,
                    const struct endpoint *actual, int failure)
{
    uint64_t key = failure_key(asked, actual, failure);
    size_t count = sizeof(settings->failures) / sizeof(settings->failures[0]);
    return atomic_exchange_explicit(&settings->failures[key / 2 % count], key,
                                    memory_order_relaxed) == key;
}

void report_failed(struct settings *settings, const struct endpoint *asked,
                   const struct endpoint *actual, int failure, const struct registry_entry *other)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_ERROR) || is_told(settings, asked, actual, failure))
        return;
    start(&line, asked);
    text_string(&line.text, " cannot have ");
    endpoint_format(actual, &line.text);
    text_string(&line.text, ": ");
    if (failure == EADDRINUSE) {
        text_string(&line.text, "address already in use");
        tell_in_use(&line.text, asked, actual, other);
    } else {
        tell_failure(&line.text, failure, !addr_equal(&asked->addr, &actual->addr));
    }
    finish(&line, settings, "");
}

void report_taken(struct settings *settings, const struct endpoint *asked,
                  const struct registry_entry *other)
{
    struct report_line line;

    if (!report_wants(&settings->config, LEVEL_ERROR) ||
        is_told(settings, asked, asked, EADDRINUSE))
        return;
    start(&line, asked);
    text_string(&line.text, " is in use for ");
    format_other(&other->asked, asked->proto, &line.text);
    finish(&line, settings, ", which the table sends there: give one of them another target in it");
}

void report_private_registry(const struct settings *settings, const char *problem)
{
    const struct config *config = &settings->config;
    struct report_line line;

    if (!report_wants(config, LEVEL_ERROR))
        return;
    report_start(&line);
    text_string(&line.text, "only children will know of this program's ports, since ");
    if (config->state_given)
        text_printable(&line.text, config->state, strlen(config->state));
    else
        text_string(&line.text, "the folder for that in /tmp");
    text_char(&line.text, ' ');
    text_string(&line.text, problem);
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
        text_string(&line.text, "no memory to read the table: raise the limit on memory");
    report_finish(&line, config);
}
