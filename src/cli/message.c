#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char message[MESSAGE_MAX];
static bool is_held;

static void print_message(void)
{
    if (!is_held)
        fprintf(stderr, "remap: %s\n", message);
}

/* An argument, the text of a file or a name may have any bytes: none reaches the terminal as it is. */
static void print(const char *format, va_list arguments)
{
    static char formatted[MESSAGE_MAX];
    struct text text;

    vsnprintf(formatted, sizeof(formatted), format, arguments);
    text_init(&text, message, sizeof(message));
    text_printable(&text, formatted, strlen(formatted));
    print_message();
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
    struct text text;

    text_init(&text, message, sizeof(message));
    diag_format(d, &text); /* of printable text, in several lines */
    print_message();
}
