#include "cli/start.h"

#include <errno.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cleanup.h"
#include "cli/command.h"
#include "cli/describe.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "linux/sys.h"
#include "notify/launch.h"
#include "notify/support.h"

/* ---- the engine ---- */

static void print_verdict(const struct verdict *v)
{
    static char line[MESSAGE_MAX];
    struct text text;

    text_init(&text, line, sizeof(line));
    describe_reason(v, &text);
    text_string(&text, ": ");
    describe_way_out(v, &text);
    message_print("%s", line);
}

int start_choose(struct start *s, const char *engine, const char *command)
{
    static char path[PATH_FOUND_MAX], found[PATH_FOUND_MAX], decisive[PATH_FOUND_MAX];
    bool is_auto = engine == NULL || strcmp(engine, "auto") == 0;
    struct verdict v = {.path = decisive};
    struct program p;

    program_begin_command(&p, command, found);
    while (program_next(&p)) {
        if (p.count == 1)
            text_copy(path, sizeof(path), p.path);
        verdict_add(&v, &p);
    }
    s->path = p.error == 0 ? path : NULL;
    s->is_notify = !is_auto && strcmp(engine, "notify") == 0;
    if (p.error != 0)
        return STATUS_OK;
    if (v.engine == VERDICT_NEITHER) {
        print_verdict(&v);
        return STATUS_UNAVAILABLE;
    }
    if (is_auto)
        s->is_notify = v.engine == VERDICT_NOTIFY;
    if (v.reason == VERDICT_IS_UNREADABLE || (v.engine == VERDICT_NOTIFY && !s->is_notify))
        print_verdict(&v);
    return STATUS_OK;
}

void start_explain(const char *command, int failure, const char *outcome)
{
    static char line[MESSAGE_MAX];
    struct support support;
    struct text text;

    text_init(&text, line, sizeof(line));
    text_quoted(&text, command);
    text_string(&text, " cannot use the notify engine: ");
    if (support_find(&support)) {
        text_string(&text, strerror(-failure));
        text_string(&text, ": try again");
    } else {
        support_text(&support, &text);
        text_string(&text, ": ");
        support_way_out(&support, &text);
    }
    message_print("%s%s", line, outcome);
}

/* ---- the command ---- */

/* Runs a file that the kernel has no format for with the shell, as execvp(3) does. */
static void exec_script(const struct start *s)
{
    size_t count = 0;

    while (s->argv[count] != NULL)
        count++;
    CLEANUP_FREE const char **argv = calloc(count + 2, sizeof(*argv));
    if (argv == NULL)
        exit(message_no_memory());
    argv[0] = _PATH_BSHELL;
    argv[1] = s->path;
    for (size_t i = 1; i < count; i++)
        argv[i + 1] = s->argv[i];
    sys_execve(_PATH_BSHELL, (char *const *)argv, environ);
}

int start_exec(const struct start *s)
{
    if (s->path == NULL) {
        execvp(s->argv[0], s->argv); /* only for its errno */
    } else {
        /* If remap itself is preloaded, execv(3) would put back the variables that were removed. */
        sys_execve(s->path, s->argv, environ);
        if (errno == ENOEXEC)
            exec_script(s);
    }
    if (errno == ENOENT) {
        message_print("cannot run '%s': command not found", s->argv[0]);
        return STATUS_NOT_FOUND;
    }
    message_print("cannot run '%s': %s", s->argv[0], strerror(errno));
    return STATUS_CANNOT_RUN;
}

/* In the process that becomes the command. */
static int exec_without_preload(void *data)
{
    environment_drop_preload();
    return start_exec(data);
}

int start_notify(const struct start *s)
{
    struct start copy = *s;
    const struct launch l = {
        .command = exec_without_preload, .data = &copy, .datagrams = s->datagrams};

    return launch_run(&l);
}
