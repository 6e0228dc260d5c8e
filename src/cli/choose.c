#include "cli/choose.h"

#include <string.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/message.h"
#include "notify/support.h"

enum { LINE_MAX_SIZE = 2 * PATH_FOUND_MAX };

enum choose_wish choose_wish(const char *word)
{
    if (word == NULL || strcmp(word, "auto") == 0)
        return CHOOSE_AUTO;
    return strcmp(word, "notify") == 0 ? CHOOSE_NOTIFY : CHOOSE_PRELOAD;
}

static void complain(const struct verdict *v)
{
    static char line[LINE_MAX_SIZE];
    struct text out;

    text_init(&out, line, sizeof(line));
    describe_reason(v, &out);
    text_string(&out, ": ");
    describe_way_out(v, &out);
    message_print("%s", line);
}

int choose_engine(enum choose_wish wish, const char *command, struct choice *c)
{
    static char found[PATH_FOUND_MAX], path[PATH_FOUND_MAX], decides[PATH_FOUND_MAX];
    struct verdict v = {.path = decides};
    struct program p;

    program_begin_command(&p, command, found);
    while (program_next(&p)) {
        if (p.count == 1)
            text_copy(path, sizeof(path), p.path);
        verdict_add(&v, &p);
    }
    *c = (struct choice){wish == CHOOSE_NOTIFY, p.error == 0 ? path : NULL};
    if (p.error != 0)
        return STATUS_OK;
    if (v.engine == VERDICT_NEITHER) {
        complain(&v);
        return STATUS_UNAVAILABLE;
    }
    if (wish == CHOOSE_AUTO)
        c->is_notify = v.engine == VERDICT_NOTIFY;
    bool is_in_doubt =
        v.reason == VERDICT_IS_UNREADABLE || (wish == CHOOSE_PRELOAD && v.engine == VERDICT_NOTIFY);
    if (is_in_doubt)
        complain(&v);
    return STATUS_OK;
}

void choose_complain_of_engine(const char *command, int failure, const char *then)
{
    static char line[LINE_MAX_SIZE];
    struct support support;
    struct text out;

    text_init(&out, line, sizeof(line));
    text_quoted(&out, command);
    text_string(&out, " cannot have the notify engine: ");
    if (support_find(&support)) {
        text_string(&out, strerror(-failure));
        text_string(&out, ": try again");
    } else {
        support_text(&support, &out);
        text_string(&out, ": ");
        support_way_out(&support, &out);
    }
    message_print("%s%s", line, then);
}
