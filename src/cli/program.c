#include "cli/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/script.h"

static const char SHELL[] = "/bin/sh"; /* _PATH_BSHELL, which execvp(3) takes */

/* What to look at next. */
struct step {
    char name[PATH_MAX];
    enum program_role role;
    int scripts; /* so far, since something was executed */
};

/* ---- finding ---- */

/* Of a file that stat(2) has found. */
static enum program_state may_execute(const char *path, const struct stat *st)
{
    bool may = S_ISREG(st->st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
    return may ? PROGRAM_FOUND : PROGRAM_DENIED;
}

static enum program_state try_path(const char *path, struct stat *st)
{
    if (stat(path, st) == 0)
        return may_execute(path, st);
    return errno == ENOENT || errno == ENOTDIR ? PROGRAM_MISSING : PROGRAM_DENIED;
}

/* Joins a folder of PATH, an empty one being this folder, and a name. False where that is too long. */
static bool join(const char *folder, size_t size, const char *name, char path[PATH_MAX])
{
    struct text text;

    text_init(&text, path, PATH_MAX);
    text_bytes(&text, folder, size);
    if (size > 0)
        text_char(&text, '/');
    text_string(&text, name);
    return !text.cut;
}

/*
 * As execvp(3): what may not be executed is passed over, and remembered. What lies in a folder that is
 * closed to us is not there.
 */
static enum program_state find_along_path(const char *name, char path[PATH_MAX], struct stat *st)
{
    const char *folders = getenv("PATH");
    enum program_state state = PROGRAM_MISSING;
    char candidate[PATH_MAX];

    if (folders == NULL)
        folders = "/bin:/usr/bin"; /* confstr(_CS_PATH) */
    for (const char *next = folders; next != NULL && *name != '\0' && state != PROGRAM_FOUND;) {
        const char *end = strchrnul(next, ':');
        bool is_there =
            join(next, (size_t)(end - next), name, candidate) && stat(candidate, st) == 0;
        enum program_state tried = is_there ? may_execute(candidate, st) : PROGRAM_MISSING;
        if (tried == PROGRAM_FOUND || (tried == PROGRAM_DENIED && state == PROGRAM_MISSING)) {
            text_copy(path, PATH_MAX, candidate);
            state = tried;
        }
        next = *end == ':' ? end + 1 : NULL;
    }
    return state;
}

static enum program_state find(const struct step *step, char path[PATH_MAX], struct stat *st)
{
    bool goes_along_path = step->role == PROGRAM_COMMAND || step->role == PROGRAM_BY_ENV;

    text_copy(path, PATH_MAX, step->name);
    if (goes_along_path && strchr(step->name, '/') == NULL)
        return find_along_path(step->name, path, st);
    return try_path(path, st);
}

/* ---- what a file is ---- */

static enum program_kind read_kind(const char *path, struct image *image, struct script_line *line)
{
    char buf[SCRIPT_LINE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return PROGRAM_UNREADABLE;
    ssize_t size = pread(fd, buf, sizeof(buf), 0);
    enum program_kind kind = size < 0 ? PROGRAM_UNREADABLE : PROGRAM_TEXT;
    if (size >= SELFMAG && memcmp(buf, ELFMAG, SELFMAG) == 0) {
        image_read(fd, image);
        kind = image->kind != IMAGE_NONE ? PROGRAM_ELF : PROGRAM_BROKEN;
    } else if (size > 0 && script_parse(buf, (size_t)size, line)) {
        kind = PROGRAM_SCRIPT;
    }
    close(fd);
    return kind;
}

static bool has_loader(const struct image *image)
{
    struct stat st;

    return image->kind != IMAGE_DYNAMIC || try_path(image->loader, &st) == PROGRAM_FOUND;
}

/* Looks at one file. False where nothing after it can be looked at. */
static bool take(struct program *p, const struct step *step, struct script_line *line)
{
    struct program_file *file = &p->file[p->count++];
    struct stat st;

    *file = (struct program_file){.role = step->role, .kind = PROGRAM_UNREADABLE};
    p->state = find(step, file->path, &st);
    if (p->state != PROGRAM_FOUND)
        return false;
    file->kind = read_kind(file->path, &file->image, line);
    if (program_is_executed(file))
        privilege_look(file->path, &st, &file->privilege);
    if (file->kind == PROGRAM_ELF && !has_loader(&file->image))
        p->state = PROGRAM_NO_LOADER;
    return p->state == PROGRAM_FOUND;
}

/* Sets *step to what comes after the last file; false where it is the end. */
static bool go_on(const struct program_file *last, const struct script_line *line,
                  struct step *step)
{
    switch (last->kind) {
    case PROGRAM_SCRIPT:
        text_copy(step->name, sizeof(step->name), line->interpreter);
        step->role = PROGRAM_INTERPRETER;
        step->scripts++;
        return true;
    case PROGRAM_TEXT:
        text_copy(step->name, sizeof(step->name), SHELL);
        step->scripts = 0;
        if (step->role == PROGRAM_BY_SHELL)
            return false;
        step->role = PROGRAM_BY_SHELL;
        return true;
    case PROGRAM_ELF:
        if (step->role != PROGRAM_INTERPRETER || !script_is_env(last->path) ||
            !script_name_for_env(line->argument, step->name))
            return false;
        step->role = PROGRAM_BY_ENV;
        step->scripts = 0;
        return true;
    default:
        return false;
    }
}

bool program_look(const char *command, struct program *p)
{
    struct step step = {.role = PROGRAM_COMMAND};
    struct script_line line = {.argument = ""};

    p->count = 0;
    text_copy(step.name, sizeof(step.name), command);
    while (take(p, &step, &line) && go_on(&p->file[p->count - 1], &line, &step)) {
        if (step.scripts > PROGRAM_SCRIPTS_MAX || p->count == PROGRAM_FILES_MAX) {
            p->state = PROGRAM_TOO_DEEP;
            return false;
        }
    }
    return p->state == PROGRAM_FOUND;
}

/* ---- texts ---- */

static void image_text(const struct image *image, struct text *t)
{
    text_string(t, image_machine_name(image));
    text_string(t, image->bits == 64 ? ", 64 bits" : ", 32 bits");
    switch (image->kind) {
    case IMAGE_DYNAMIC:
        text_string(t, ", dynamic, by ");
        text_printable(t, image->loader, strlen(image->loader));
        break;
    case IMAGE_LOADER:
        text_string(t, ", glibc's loader itself");
        break;
    default:
        text_string(t, image->kind == IMAGE_PIE ? ", static-pie" : ", static");
        break;
    }
    if (image->is_go)
        text_string(t, ", made with Go");
}

static const char *const ROLES[] = {
    [PROGRAM_COMMAND] = "",
    [PROGRAM_INTERPRETER] = ", the interpreter",
    [PROGRAM_BY_ENV] = ", executed by env",
    [PROGRAM_BY_SHELL] = ", the shell",
};

void program_file_text(const struct program_file *file, struct text *t)
{
    text_quoted(t, file->path);
    text_string(t, ROLES[file->role]);
    text_string(t, ": ");
    switch (file->kind) {
    case PROGRAM_ELF:
        image_text(&file->image, t);
        break;
    case PROGRAM_SCRIPT:
        text_string(t, "a script");
        break;
    case PROGRAM_UNREADABLE:
        text_string(t, "may be executed, but not read");
        break;
    case PROGRAM_BROKEN:
        text_string(t, "an ELF file that makes no sense");
        break;
    case PROGRAM_TEXT:
        text_string(t, "a text, for the shell");
        break;
    }
}

/* Who wants the last file, where that is not the command itself. */
static void wanted_by(const struct program *p, struct text *t)
{
    if (p->count < 2)
        return;
    text_string(t, ", which ");
    text_quoted(t, p->file[p->count - 2].path);
    text_string(t, " wants");
}

void program_fault_text(const struct program *p, struct text *t)
{
    const struct program_file *last = &p->file[p->count - 1];

    if (p->state == PROGRAM_TOO_DEEP) {
        text_string(t, "the interpreters of ");
        text_quoted(t, p->file[0].path);
        text_string(t, " are scripts, and too many");
        return;
    }
    text_quoted(t, p->state == PROGRAM_NO_LOADER ? last->image.loader : last->path);
    if (p->state == PROGRAM_NO_LOADER) {
        text_string(t, ", the loader of ");
        text_quoted(t, last->path);
    } else {
        wanted_by(p, t);
    }
    text_string(t, p->state == PROGRAM_DENIED ? " cannot be executed" : " is not there");
}

static const char *const FAULT_WAYS_OUT[] = {
    [PROGRAM_FOUND] = "",
    [PROGRAM_MISSING] = "check the name and PATH",
    [PROGRAM_DENIED] = "check that it is a file, its x bits, and the mount's noexec",
    [PROGRAM_NO_LOADER] = "install the libc that it is made for",
    [PROGRAM_TOO_DEEP] = "name a program as the interpreter",
};

void program_fault_way_out(const struct program *p, struct text *t)
{
    text_string(t, FAULT_WAYS_OUT[p->state]);
}
