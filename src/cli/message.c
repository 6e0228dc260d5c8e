#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static char message[MESSAGE_MAX];
static bool is_held;

static void print(const char *format, va_list arguments)
{
    vsnprintf(message, sizeof(message), format, arguments);
    if (!is_held)
        fprintf(stderr, "remap: %s\n", message);
}

void message_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

void message_die(int status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    exit(status);
}

void message_hold(void)
{
    is_held = true;
}

const char *message_release(void)
{
    is_held = false;
    return message;
}

void message_diag(const struct diag *d)
{
    char buf[DIAG_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    diag_format(d, &text);
    message_print("%s", buf);
}
