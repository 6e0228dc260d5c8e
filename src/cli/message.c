#include "cli/message.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct text *captured;

void message_capture(struct text *t)
{
    captured = t;
}

static void capture(const char *format, va_list arguments)
{
    char *message = NULL;

    if (vasprintf(&message, format, arguments) < 0)
        return;
    text_string(captured, message);
    text_char(captured, '\n');
    free(message);
}

void message_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (captured != NULL) {
        capture(format, arguments);
    } else {
        fputs("remap: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
    }
    va_end(arguments);
}

void message_diag(const struct diag *d)
{
    char buf[DIAG_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    diag_format(d, &text);
    message_print("%s", buf);
}

int message_bad_option(const struct command *command, int refused, char **argv)
{
    const char *problem = refused == ':' ? "needs a value" : "is not known, or takes no value";

    /* A long option leaves optopt 0 or its val, and is the word before optind. */
    if (optopt > 0 && optopt < 128)
        message_print("option '-%c' %s: see 'remap help %s'", optopt, problem, command->name);
    else
        message_print("option '%s' %s: see 'remap help %s'", argv[optind - 1], problem,
                      command->name);
    return STATUS_USAGE;
}

int message_no_memory(void)
{
    message_print("out of memory: end some other program");
    return STATUS_UNAVAILABLE;
}

int message_bad_name(const char *name)
{
    message_print("'%s' cannot be the name of a run: use up to 64 letters, digits and . _ -, a "
                  "letter or digit first",
                  name);
    return STATUS_USAGE;
}
