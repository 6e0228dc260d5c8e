#include "cli/start.h"

#include <errno.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/environment.h"
#include "cli/loaders.h"
#include "cli/memory.h"
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
    message_print("%s: %s", line, describe_way_out(v));
}

int start_choose(struct start *s, const char *engine, const char *command)
{
    static char path[PATH_FOUND_MAX], found[PATH_FOUND_MAX], decisive[PATH_FOUND_MAX];
    bool is_auto = strcmp(engine, "auto") == 0;
    struct verdict *v = &s->verdict;

    *v = (struct verdict){.path = decisive};
    s->is_notify = strcmp(engine, "notify") == 0;
    program_begin_command(&s->program, command, found);
    while (program_next(&s->program)) {
        if (s->program.count == 1)
            text_copy(path, sizeof(path), s->program.path);
        if (!s->is_notify)
            v->loaders = loaders_find(&s->program, s->config);
        verdict_add(v, &s->program);
    }
    s->path = s->program.error == 0 ? path : NULL;
    if (s->program.error != 0)
        return STATUS_OK;
    if (v->engine == VERDICT_NEITHER) {
        print_verdict(v);
        return STATUS_UNAVAILABLE;
    }
    if (is_auto)
        s->is_notify = v->engine == VERDICT_NOTIFY;
    if (v->reason == VERDICT_IS_UNREADABLE || (v->engine == VERDICT_NOTIFY && !s->is_notify))
        print_verdict(v);
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
    CLEANUP_FREE const char **argv = memory_check(calloc(count + 2, sizeof(*argv)));
    argv[0] = _PATH_BSHELL;
    argv[1] = s->path;
    for (size_t i = 1; i < count; i++)
        argv[i + 1] = s->argv[i];
    sys_execve(_PATH_BSHELL, (char *const *)argv, environ);
}

/* Whether the fault is another file's than that of the command, whose name alone explains nothing. */
static bool is_fault_elsewhere(const struct program *p)
{
    return p->is_about_loader || p->role != PROGRAM_COMMAND;
}

/* Says why the command cannot be executed, and returns the exit status. */
static int refuse(const struct start *s, int error)
{
    char reason[MESSAGE_MAX];
    struct text text;

    text_init(&text, reason, sizeof(reason));
    if (error == s->program.error && is_fault_elsewhere(&s->program)) {
        describe_fault(&s->program, &text);
        text_string(&text, ": ");
        text_string(&text, describe_fault_way_out(&s->program));
    } else {
        text_string(&text, error == ENOENT ? "command not found" : strerror(error));
    }
    message_print("cannot run '%s': %s", s->argv[0], reason);
    return error == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;
}

int start_exec(const struct start *s)
{
    if (s->path == NULL && describe_is_crlf(&s->program))
        return refuse(s, s->program.error); /* env(1) would not show what is wrong */
    if (s->path == NULL) {
        execvp(s->argv[0], s->argv); /* only for its errno */
    } else {
        /* If remap itself is preloaded, execv(3) would put back the variables that were removed. */
        sys_execve(s->path, s->argv, environ);
        if (errno == ENOEXEC)
            exec_script(s);
    }
    return refuse(s, errno);
}

/* In the process that becomes the command. */
static int exec_without_preload(void *data)
{
    environment_drop_preload();
    return start_exec(data);
}

int start_notify(struct start *s)
{
    return launch_run(&(struct launch){exec_without_preload, s, s->datagrams});
}

int start_try(const struct start *s)
{
    struct support support;

    if (s->program.error != 0)
        return refuse(s, s->program.error);
    if (!s->is_notify || support_find(&support))
        return STATUS_OK;
    start_explain(s->argv[0], -support.error, "");
    return STATUS_UNAVAILABLE;
}
