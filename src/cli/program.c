#include "cli/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 256 }; /* BINPRM_BUF_SIZE: what the kernel reads of a script */

static const char SHELL[] = "/bin/sh"; /* _PATH_BSHELL, which execvp(3) takes */

/* What to look at next. */
struct step {
    char name[PATH_MAX];
    enum program_role role;
    int scripts; /* so far, since something was executed */
};

static void copy(char *to, size_t size, const char *from)
{
    struct text text;

    text_init(&text, to, size);
    text_string(&text, from);
}

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
            copy(path, PATH_MAX, candidate);
            state = tried;
        }
        next = *end == ':' ? end + 1 : NULL;
    }
    return state;
}

static enum program_state find(const struct step *step, char path[PATH_MAX], struct stat *st)
{
    bool goes_along_path = step->role == PROGRAM_COMMAND || step->role == PROGRAM_BY_ENV;

    copy(path, PATH_MAX, step->name);
    if (goes_along_path && strchr(step->name, '/') == NULL)
        return find_along_path(step->name, path, st);
    return try_path(path, st);
}

/* ---- scripts ---- */

/* The first line of a script, as the kernel takes it apart (binfmt_script.c). */
struct line {
    char interpreter[LINE_MAX_SIZE];
    char argument[LINE_MAX_SIZE]; /* all of the rest: one argument, or "" */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* False where it is none: no "#!", no interpreter, or one whose name does not end within `buf`. */
static bool parse_line(const char *buf, size_t size, struct line *line)
{
    if (size < 2 || buf[0] != '#' || buf[1] != '!')
        return false;
    const char *start = buf + 2, *limit = buf + size;
    const char *end = memchr(start, '\n', (size_t)(limit - start));
    bool is_whole = end != NULL || size < LINE_MAX_SIZE;
    const char *zero = memchr(start, '\0', (size_t)((end != NULL ? end : limit) - start));

    end = zero != NULL ? zero : end != NULL ? end : limit;
    while (start < end && is_blank(*start))
        start++;
    const char *name_end = start;
    while (name_end < end && !is_blank(*name_end))
        name_end++;
    if (name_end == start || (name_end == end && !is_whole))
        return false;
    while (end > name_end && is_blank(end[-1]))
        end--;
    const char *rest = name_end;
    while (rest < end && is_blank(*rest))
        rest++;
    struct text text;
    text_init(&text, line->interpreter, sizeof(line->interpreter));
    text_bytes(&text, start, (size_t)(name_end - start));
    text_init(&text, line->argument, sizeof(line->argument));
    text_bytes(&text, rest, (size_t)(end - rest));
    return true;
}

static bool has_prefix(const char *word, const char *prefix)
{
    return strncmp(word, prefix, strlen(prefix)) == 0;
}

/* Takes the next word off *rest, which is written to; NULL at the end. */
static char *next_word(char **rest)
{
    return strtok_r(NULL, " \t", rest);
}

/*
 * What env(1) is told to execute by its one argument: a name, or with -S a line of words.
 * False where that cannot be told, or needs a shell's care.
 */
static bool name_for_env(const char *argument, char name[PATH_MAX])
{
    char words[LINE_MAX_SIZE], *rest = words, *word;
    bool is_split = has_prefix(argument, "-S") || has_prefix(argument, "--split-string=");

    if (!is_split) {
        copy(name, PATH_MAX, argument);
        return argument[0] != '\0' && argument[0] != '-' && strchr(argument, '=') == NULL;
    }
    copy(words, sizeof(words), strchr(argument, argument[1] == 'S' ? 'S' : '=') + 1);
    if (strpbrk(words, "\"'\\$") != NULL)
        return false;
    while ((word = next_word(&rest)) != NULL) {
        if (has_prefix(word, "PATH=") || (word[0] == '-' && strcmp(word, "-i") != 0))
            return false;
        if (word[0] != '-' && strchr(word, '=') == NULL) {
            copy(name, PATH_MAX, word);
            return true;
        }
    }
    return false;
}

static bool is_env(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, "env") == 0;
}

/* ---- what a file is ---- */

static enum program_kind read_kind(const char *path, struct image *image, struct line *line)
{
    char buf[LINE_MAX_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return PROGRAM_UNREADABLE;
    ssize_t size = pread(fd, buf, sizeof(buf), 0);
    enum program_kind kind = size < 0 ? PROGRAM_UNREADABLE : PROGRAM_TEXT;
    if (size >= SELFMAG && memcmp(buf, ELFMAG, SELFMAG) == 0) {
        image_read(fd, image);
        kind = image->kind != IMAGE_NONE ? PROGRAM_ELF : PROGRAM_BROKEN;
    } else if (size > 0 && parse_line(buf, (size_t)size, line)) {
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

/* Whether the file is what gets executed in the end, rather than read by something else. */
static bool is_executed(const struct program_file *file)
{
    return file->kind != PROGRAM_SCRIPT && file->kind != PROGRAM_TEXT;
}

/* Looks at one file. False where nothing after it can be looked at. */
static bool take(struct program *p, const struct step *step, struct line *line)
{
    struct program_file *file = &p->file[p->count++];
    struct stat st;

    *file = (struct program_file){.role = step->role, .kind = PROGRAM_UNREADABLE};
    p->state = find(step, file->path, &st);
    if (p->state != PROGRAM_FOUND)
        return false;
    file->kind = read_kind(file->path, &file->image, line);
    if (is_executed(file))
        privilege_look(file->path, &st, &file->privilege);
    if (file->kind == PROGRAM_ELF && !has_loader(&file->image))
        p->state = PROGRAM_NO_LOADER;
    return p->state == PROGRAM_FOUND;
}

/* Sets *step to what comes after the last file; false where it is the end. */
static bool go_on(const struct program_file *last, const struct line *line, struct step *step)
{
    switch (last->kind) {
    case PROGRAM_SCRIPT:
        copy(step->name, sizeof(step->name), line->interpreter);
        step->role = PROGRAM_INTERPRETER;
        step->scripts++;
        return true;
    case PROGRAM_TEXT:
        copy(step->name, sizeof(step->name), SHELL);
        step->scripts = 0;
        if (step->role == PROGRAM_BY_SHELL)
            return false;
        step->role = PROGRAM_BY_SHELL;
        return true;
    case PROGRAM_ELF:
        if (step->role != PROGRAM_INTERPRETER || !is_env(last->path) ||
            !name_for_env(line->argument, step->name))
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
    struct line line = {.argument = ""};

    p->count = 0;
    copy(step.name, sizeof(step.name), command);
    while (take(p, &step, &line) && go_on(&p->file[p->count - 1], &line, &step)) {
        if (step.scripts > PROGRAM_SCRIPTS_MAX || p->count == PROGRAM_FILES_MAX) {
            p->state = PROGRAM_TOO_DEEP;
            return false;
        }
    }
    return p->state == PROGRAM_FOUND;
}

/* ---- the verdict ---- */

static enum program_reason judge_dynamic(const struct image *image)
{
    switch (image->libc) {
    case IMAGE_GLIBC:
        return image->has_needed ? PROGRAM_IS_DYNAMIC : PROGRAM_IS_WITHOUT_LIBC;
    case IMAGE_MUSL:
        return PROGRAM_IS_MUSL;
    default:
        return PROGRAM_IS_OTHER_LIBC;
    }
}

static enum program_reason judge_image(const struct image *image)
{
    if (image_is_x32(image))
        return PROGRAM_IS_X32;
    if (!image->is_native)
        return image_is_companion(image) ? PROGRAM_IS_32_BIT : PROGRAM_IS_FOREIGN;
    if (image->is_go)
        return PROGRAM_IS_GO;
    switch (image->kind) {
    case IMAGE_DYNAMIC:
        return judge_dynamic(image);
    case IMAGE_LOADER:
        return PROGRAM_IS_DYNAMIC;
    default:
        return PROGRAM_IS_STATIC;
    }
}

static enum program_reason judge(const struct program_file *file)
{
    enum program_reason by_kind = PROGRAM_IS_DYNAMIC;

    if (file->kind == PROGRAM_ELF)
        by_kind = judge_image(&file->image);
    else if (file->kind == PROGRAM_BROKEN)
        by_kind = PROGRAM_IS_BROKEN;
    else if (file->kind == PROGRAM_UNREADABLE)
        by_kind = PROGRAM_IS_UNREADABLE;
    if (by_kind == PROGRAM_IS_X32 || by_kind == PROGRAM_IS_FOREIGN)
        return by_kind;
    if (file->privilege.set_uid)
        return PROGRAM_IS_SET_UID;
    if (file->privilege.set_gid)
        return PROGRAM_IS_SET_GID;
    if (file->privilege.has_capabilities && !file->privilege.without_gain)
        return PROGRAM_IS_CAPABLE;
    if (file->privilege.has_capabilities && by_kind < PROGRAM_IS_STATIC)
        return PROGRAM_IS_CAPABLE_IN_VAIN;
    return by_kind;
}

static enum program_engine engine_for(enum program_reason reason)
{
    if (reason < PROGRAM_IS_STATIC)
        return PROGRAM_PRELOAD;
    return reason < PROGRAM_IS_SET_UID ? PROGRAM_NOTIFY : PROGRAM_NEITHER;
}

struct program_verdict program_engine(const struct program *p)
{
    const struct program_file *last = &p->file[p->count - 1];
    struct program_verdict verdict = {PROGRAM_PRELOAD, PROGRAM_IS_NOT_EXECUTED, last};

    if (p->state != PROGRAM_FOUND)
        return verdict;
    verdict.reason = judge(last);
    verdict.engine = engine_for(verdict.reason);
    for (size_t i = 0; i + 1 < p->count; i++) {
        if (!is_executed(&p->file[i]))
            continue;
        enum program_reason reason = judge(&p->file[i]);
        if (engine_for(reason) > verdict.engine)
            verdict = (struct program_verdict){engine_for(reason), reason, &p->file[i]};
    }
    return verdict;
}

/* ---- texts ---- */

static void quote(const char *path, struct text *t)
{
    text_char(t, '\'');
    text_printable(t, path, strlen(path));
    text_char(t, '\'');
}

static const char *const REASONS[] = {
    [PROGRAM_IS_DYNAMIC] = "is dynamic, with glibc",
    [PROGRAM_IS_NOT_EXECUTED] = "cannot be executed",
    [PROGRAM_IS_UNREADABLE] = "may be executed but not read: what it is cannot be told",
    [PROGRAM_IS_BROKEN] = "is an ELF file that makes no sense",
    [PROGRAM_IS_STATIC] = "is static: it has no loader that would preload a library",
    [PROGRAM_IS_GO] = "is made with Go, which makes its system calls without libc",
    [PROGRAM_IS_MUSL] = "is made for musl, whose loader may not take a library of glibc",
    [PROGRAM_IS_OTHER_LIBC] = "is made for another libc than glibc",
    [PROGRAM_IS_WITHOUT_LIBC] = "uses no library, and so makes its system calls without libc",
    [PROGRAM_IS_32_BIT] = "is of 32 bits, and the library of 64",
    [PROGRAM_IS_CAPABLE_IN_VAIN] =
        "has file capabilities: no_new_privs withholds them, and the loader drops LD_PRELOAD",
    [PROGRAM_IS_SET_UID] = "is set-user-ID: the loader drops LD_PRELOAD",
    [PROGRAM_IS_SET_GID] = "is set-group-ID: the loader drops LD_PRELOAD",
    [PROGRAM_IS_CAPABLE] = "has file capabilities: the loader drops LD_PRELOAD",
    [PROGRAM_IS_X32] = "is of x32, which no engine knows",
    [PROGRAM_IS_FOREIGN] = "is for another kind of machine",
};

void program_reason_text(const struct program_verdict *v, struct text *t)
{
    quote(v->file->path, t);
    text_char(t, ' ');
    text_string(t, REASONS[v->reason]);
    if (v->reason != PROGRAM_IS_FOREIGN)
        return;
    text_string(t, ", ");
    text_string(t, image_machine_name(&v->file->image));
}

static const char *way_out(const struct program_verdict *v)
{
    switch (v->reason) {
    case PROGRAM_IS_SET_UID:
    case PROGRAM_IS_SET_GID:
        return "run a copy of it, which has no such bit";
    case PROGRAM_IS_CAPABLE:
        return v->file->privilege.may_bind
                   ? "run it without remap, it may bind privileged ports; or run a copy of it, "
                     "which has none"
                   : "run a copy of it, which has none";
    case PROGRAM_IS_X32:
        return "build it for x86-64";
    case PROGRAM_IS_FOREIGN:
        return "run it, and remap, on such a machine";
    case PROGRAM_IS_BROKEN:
        return "check the file";
    case PROGRAM_IS_UNREADABLE:
        return "make it readable, for a look at it";
    default:
        return v->engine == PROGRAM_NOTIFY ? "use --engine notify" : "";
    }
}

void program_way_out(const struct program_verdict *v, struct text *t)
{
    text_string(t, way_out(v));
}

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
    quote(file->path, t);
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
    quote(p->file[p->count - 2].path, t);
    text_string(t, " wants");
}

void program_fault_text(const struct program *p, struct text *t)
{
    const struct program_file *last = &p->file[p->count - 1];

    if (p->state == PROGRAM_TOO_DEEP) {
        text_string(t, "the interpreters of ");
        quote(p->file[0].path, t);
        text_string(t, " are scripts, and too many");
        return;
    }
    quote(p->state == PROGRAM_NO_LOADER ? last->image.loader : last->path, t);
    if (p->state == PROGRAM_NO_LOADER) {
        text_string(t, ", the loader of ");
        quote(last->path, t);
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
