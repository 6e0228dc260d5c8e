#include "cli/message.h"

#include <stdarg.h>
#include <stdio.h>

static struct text *captured;

void message_capture(struct text *t)
{
    captured = t;
}

void message_print(const char *format, ...)
{
    static char message[MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (captured == NULL) {
        fprintf(stderr, "remap: %s\n", message);
        return;
    }
    text_string(captured, message);
    text_char(captured, '\n');
}

void message_diag(const struct diag *d)
{
    char buf[DIAG_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    diag_format(d, &text);
    message_print("%s", buf);
}
