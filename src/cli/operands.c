#include "cli/operands.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "program/program.h"

void operands_check(const struct format *format, char *const *operands)
{
    if (format->operands == FORMAT_NO_OPERANDS && operands[0] != NULL)
        message_die(STATUS_USAGE, "unexpected argument '%s': see 'remap help export'", operands[0]);
    if (format->operands != FORMAT_NO_OPERANDS && operands[0] == NULL)
        message_die(STATUS_USAGE, "missing argument: write 'remap export %s %s'", format->name,
                    format->operands == FORMAT_PROGRAM ? "PROGRAM" : "COMMAND");
    if (format->operands == FORMAT_PROGRAM && operands[1] != NULL)
        message_die(STATUS_USAGE, "unexpected argument '%s': see 'remap help export'", operands[1]);
}

_Noreturn static void refuse(const char *command, int error)
{
    message_die(STATUS_UNAVAILABLE, "cannot run '%s': %s", command,
                error == ENOENT ? "command not found" : strerror(error));
}

/* Linux ignores capabilities of a script. */
static void check_is_no_script(struct program *p, const char *command)
{
    static char interpreter[PATH_FOUND_MAX];

    if (program_is_executed(p))
        return;
    while (program_next(p) && p->error == 0)
        text_copy(interpreter, sizeof(interpreter), p->path);
    message_die(STATUS_UNAVAILABLE,
                "'%s' is a script, and its interpreter would have the capabilities, for all "
                "scripts of all users: use another format, or name '%s'",
                command, interpreter);
}

/* Returns the absolute path. The last name may be a link, by which the program knows what to do. */
static char *absolute_path(const char *path)
{
    CLEANUP_FREE char *parent = memory_format("%s", path);
    char *slash = strrchr(parent, '/');

    if (slash != NULL)
        slash[1] = '\0';
    CLEANUP_FREE char *folder = realpath(slash != NULL ? parent : ".", NULL);
    const char *name = strrchr(path, '/');
    if (folder != NULL)
        return memory_format("%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
                             name != NULL ? name + 1 : path);
    refuse(path, errno);
}

static bool has_control(const char *path)
{
    while (*path != '\0' && !iscntrl((unsigned char)*path))
        path++;
    return *path != '\0';
}

void operands_find(const struct format *format, struct format_input *in, char **operands)
{
    static char found[PATH_FOUND_MAX], folder[PATH_MAX];
    static struct program p;

    if (format->operands == FORMAT_NO_OPERANDS)
        return;
    program_begin_command(&p, operands[0], found);
    if (!program_next(&p) || p.error != 0)
        refuse(operands[0], p.error);
    char *path =
        format->operands == FORMAT_PROGRAM ? realpath(p.path, NULL) : absolute_path(p.path);
    if (path == NULL || getcwd(folder, sizeof(folder)) == NULL)
        refuse(operands[0], errno);
    if (format->operands == FORMAT_PROGRAM)
        check_is_no_script(&p, operands[0]);
    if (format->operands == FORMAT_COMMAND && strpbrk(path, " \\\"'") != NULL)
        message_die(STATUS_UNAVAILABLE,
                    "systemd cannot run '%s': move it to a path without blanks and quotes", path);
    if (has_control(path) || has_control(folder) || strchr(folder, '\\') != NULL)
        message_die(STATUS_UNAVAILABLE, "'%s' is in a path that has control characters", path);
    operands[0] = path;
    in->command = operands;
    in->folder = folder;
}
