#include "program/program.h"

#include <elf.h>
#include <errno.h>
#include <paths.h>
#include <string.h>

#include "core/text.h"
#include "linux/sys.h"

int program_try(const char *path, struct statx *st)
{
    int saved = errno;
    int error = sys_statx(path, STATX_TYPE | PRIVILEGE_MASK, st) == 0 ? 0 : errno;

    if (error == 0 && !S_ISREG(st->stx_mode))
        error = EACCES;
    if (error == 0 && sys_access(path, X_OK) != 0)
        error = errno;
    errno = saved;
    return error;
}

/* ---- the first line of a script ---- */

static const char BLANKS[] = " \t";

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

/* Ends the line in `head`. Returns false if the interpreter's name may go on behind the head. */
static bool end_line(char head[PROGRAM_HEAD])
{
    char *last = &head[PROGRAM_HEAD - 1], *end = memchr(head, '\n', PROGRAM_HEAD);
    bool is_whole = end != NULL || is_blank(*last) || *last == '\0';

    if (end == NULL)
        end = last; /* the kernel drops this byte, too */
    *end = '\0';
    const char *name = skip_blanks(head + 2);
    return is_whole || name + strcspn(name, BLANKS) < last;
}

/*
 * Splits the head of a file, with zeros behind its end, as the kernel does (load_script in
 * fs/binfmt_script.c). Returns false if the file is not a script: it has no "#!", or no
 * interpreter, or the interpreter's name does not end within the head.
 */
static bool parse_script(struct program *p, char head[PROGRAM_HEAD])
{
    if (head[0] != '#' || head[1] != '!' || !end_line(head))
        return false;
    char *name = skip_blanks(head + 2), *name_end = name + strcspn(name, BLANKS);
    char *argument = skip_blanks(name_end), *end = argument + strlen(argument);

    while (end > argument && is_blank(end[-1]))
        end--;
    *end = '\0';
    *name_end = '\0';
    p->interpreter = name;
    p->argument = argument;
    return name_end > name;
}

/* ---- env(1), as an interpreter ---- */

static bool is_env(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, "env") == 0;
}

/* Takes the next word off *rest. Returns NULL at the end. */
static char *next_word(char **rest)
{
    char *word = skip_blanks(*rest), *end = word + strcspn(word, BLANKS);

    *rest = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return end > word ? word : NULL;
}

/* Returns what the words behind -S execute. */
static const char *read_words(struct program *p, char *rest)
{
    const char *word;

    if (rest[strcspn(rest, "\"'\\$")] != '\0')
        return NULL;
    while ((word = next_word(&rest)) != NULL) {
        if (strcmp(word, "-i") == 0)
            p->folders = PATH_DEFAULT; /* PATH is not set for it */
        else if (word[0] == '-' || text_has_prefix(word, "PATH="))
            return NULL;
        else if (strchr(word, '=') == NULL)
            return word;
    }
    return NULL;
}

/*
 * Returns what env executes, by its argument: a name, or a line of words with -S. Returns NULL if
 * there is no name, or if it takes more than splitting words to know.
 */
static const char *env_command(struct program *p)
{
    char *argument = p->argument;

    if (text_has_prefix(argument, "-S"))
        return read_words(p, argument + 2);
    if (text_has_prefix(argument, "--split-string="))
        return read_words(p, strchr(argument, '=') + 1);
    bool is_name = argument[0] != '\0' && argument[0] != '-' && strchr(argument, '=') == NULL;
    return is_name ? argument : NULL;
}

/* ---- one file ---- */

static enum program_kind read_kind(struct program *p)
{
    char *head = memset(p->head[p->turn], 0, PROGRAM_HEAD);
    SYS_CLEANUP_FD int fd = sys_open(p->path, O_RDONLY | O_NONBLOCK);
    ssize_t size = fd >= 0 ? sys_pread(fd, head, PROGRAM_HEAD, 0) : -1;

    if (size < 0)
        return PROGRAM_UNREADABLE;
    if (size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
        elf_read(fd, &p->elf);
        return p->elf.kind != ELF_NONE ? PROGRAM_ELF : PROGRAM_BROKEN;
    }
    if (!parse_script(p, head))
        return PROGRAM_TEXT;
    p->turn = !p->turn;
    return PROGRAM_SCRIPT;
}

/* The kernel does not look for the loader of a foreign program. */
static void look_at_loader(struct program *p)
{
    struct statx st;

    if (p->elf.kind != ELF_DYNAMIC || p->elf.abi == ELF_FOREIGN)
        return;
    p->error = program_try(p->elf.loader, &st);
    p->is_about_loader = p->error != 0;
    if (p->error == 0 && p->elf.libc == ELF_OTHER_LIBC && elf_is_glibc_loader(p->elf.loader))
        p->elf.libc = ELF_GLIBC;
}

static void look(struct program *p)
{
    struct statx st;

    p->kind = PROGRAM_UNREADABLE;
    p->elf = (struct elf){.kind = ELF_NONE};
    p->privilege = (struct privilege){0};
    p->error = program_try(p->path, &st);
    if (p->error != 0)
        return;
    p->kind = read_kind(p);
    if (program_is_executed(p))
        privilege_read(p->path, &st, &p->privilege);
    if (p->kind == PROGRAM_ELF)
        look_at_loader(p);
}

/* ---- the way ---- */

static bool is_command(const struct program *p)
{
    return p->found != NULL;
}

static void go_to(struct program *p, const char *next, enum program_role role, int scripts)
{
    p->next = next;
    p->next_role = role;
    p->scripts = scripts;
}

/* Finds what the file leads to. */
static void find_next(struct program *p)
{
    p->next = NULL;
    if (p->error != 0)
        return;
    if (p->kind == PROGRAM_SCRIPT)
        go_to(p, p->interpreter, PROGRAM_INTERPRETER, p->scripts + 1);
    else if (p->kind == PROGRAM_TEXT && !is_command(p))
        p->error = ENOEXEC;
    else if (p->kind == PROGRAM_TEXT && p->role != PROGRAM_BY_SHELL)
        go_to(p, _PATH_BSHELL, PROGRAM_BY_SHELL, 0);
    else if (p->kind == PROGRAM_ELF && p->role == PROGRAM_INTERPRETER && is_command(p) &&
             is_env(p->path))
        go_to(p, env_command(p), PROGRAM_BY_ENV, 0);
}

/* Returns false, with an error if the way is too long. */
static bool step(struct program *p)
{
    if (p->next == NULL)
        return false;
    if (p->scripts > PROGRAM_SCRIPTS_MAX || p->count == PROGRAM_FILES_MAX) {
        p->error = ELOOP;
        return false;
    }
    p->path = p->next;
    p->role = p->next_role;
    p->count++;
    look(p);
    find_next(p);
    return true;
}

/* ---- PATH ---- */

/* Returns what execve(2) of the path would fail with. */
static int error_of(const char *path)
{
    struct program p;

    program_begin(&p, path);
    while (step(&p))
        continue;
    return p.error;
}

/*
 * Finds p->next along PATH, as execvp(3) does. If nothing can be executed, takes the first file
 * that there is, which shows why. Returns an error if there is none.
 */
static int search(struct program *p)
{
    char candidate[PATH_FOUND_MAX];
    struct path_search s;
    struct statx st;
    int result = ENOENT;

    if (p->next[0] == '\0')
        return ENOENT;
    if (!path_begin(&s, p->next, p->folders))
        return errno;
    while (path_next(&s, candidate)) {
        int error = error_of(candidate);
        bool is_end = !path_goes_on(error);
        if (is_end || (result != 0 && (error == EACCES || program_try(candidate, &st) == 0))) {
            text_copy(p->found, PATH_FOUND_MAX, candidate);
            result = 0;
        }
        if (is_end)
            break;
    }
    if (result == 0)
        p->next = p->found;
    return result;
}

/* The file that PATH does not lead to. */
static void miss(struct program *p, int error)
{
    p->path = p->next;
    p->role = p->next_role;
    p->kind = PROGRAM_UNREADABLE;
    p->error = error;
    p->count++;
    p->next = NULL;
}

bool program_next(struct program *p)
{
    bool may_search = is_command(p) && p->next != NULL &&
                      (p->next_role == PROGRAM_COMMAND || p->next_role == PROGRAM_BY_ENV);
    int error = may_search && strchr(p->next, '/') == NULL ? search(p) : 0;

    if (error == 0)
        return step(p);
    miss(p, error);
    return true;
}

void program_begin(struct program *p, const char *path)
{
    *p = (struct program){.next = path, .next_role = PROGRAM_COMMAND};
}

void program_begin_command(struct program *p, const char *command, char found[PATH_FOUND_MAX])
{
    program_begin(p, command);
    p->folders = path_folders();
    p->found = found;
}
