#include "cli/message.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

void message_print(const char *format, ...)
{
    va_list arguments;

    fputs("remap: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
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
