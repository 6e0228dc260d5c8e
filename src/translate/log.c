#include "translate/log.h"

#include <errno.h>
#include <string.h>

#include "registry/sys.h"
#include "translate/engine.h"
#include "translate/socket.h"

/* A pipe that nobody reads must not hold the program up: it cannot be opened then. */
enum { LOG_FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK };

void log_start(struct log_line *line)
{
    text_init(&line->text, line->buf, sizeof(line->buf) - 1); /* one byte for the newline */
    text_string(&line->text, "remap: ");
}

void log_program(struct log_line *line)
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

void log_finish(struct log_line *line, const struct config *config)
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
