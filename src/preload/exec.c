#include "preload/exec.h"

#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "linux/sys.h"
#include "preload/exec_env.h"
#include "preload/look.h"
#include "preload/real_calls.h"
#include "preload/search.h"
#include "preload/string_array.h"

/* A call under way, with the arguments that its function takes. */
struct exec_call {
    const char *path; /* or a name to search for */
    char *const *argv;
    char *const *envp;
    int folder, flags;
    pid_t *pid;
    const posix_spawn_file_actions_t *actions;
    const posix_spawnattr_t *attributes;
    bool spawns;
    const char *run; /* the `remap` for programs that cannot be preloaded, or NULL */
};

/* Carries a call out, with the environment that the new program is to have. */
typedef int carry(const struct exec_call *c);

/* Not for `remap` itself, which has looked closely, and executes what it has looked at. */
static const char *run_of(const struct exec_env *k)
{
    const char *run = exec_env_run(k), *self = (const char *)getauxval(AT_EXECFN);

    return run != NULL && self != NULL && strcmp(run, self) == 0 ? NULL : run;
}

/* Completes the environment, on the stack, where anything is missing from it. */
static int start(struct exec_call *c, carry *go)
{
    struct exec_env k;

    if (!exec_env_read(&k, c->envp))
        return go(c);
    size_t size = exec_env_size(&k);
    if (size > 0) {
        int saved = errno;
        c->envp = exec_env_build(&k, __builtin_alloca(size));
        errno = saved;
    }
    c->run = run_of(&k);
    return go(c);
}

/* ---- programs that cannot be preloaded ---- */

/*
 * Starts `remap enter -- PATH ARGV...` in the place of the program. Fails where that cannot
 * be started: the program then is, as it is.
 */
static int start_run(const struct exec_call *c, const char *path)
{
    size_t count, n = 0;

    if (!string_array_count(c->argv, &count))
        return -1;
    const char **argv = __builtin_alloca((count + 6) * sizeof(*argv));
    argv[n++] = "remap";
    argv[n++] = "enter";
    argv[n++] = "--";
    argv[n++] = path;
    argv[n++] = count > 0 ? c->argv[0] : path;
    for (size_t i = 1; i < count; i++)
        argv[n++] = c->argv[i];
    argv[n] = NULL;
    if (c->spawns)
        return exec_next.posix_spawn(c->pid, c->run, c->actions, c->attributes, (char *const *)argv,
                                     c->envp);
    return exec_next.execve(c->run, (char *const *)argv, c->envp);
}

/* ---- exec ---- */

static int carry_path(const struct exec_call *c)
{
    if (c->run != NULL && look_passes_by(c->path))
        start_run(c, c->path);
    return exec_next.execve(c->path, c->argv, c->envp);
}

int exec_path(const char *path, char *const argv[], char *const envp[])
{
    return start(&(struct exec_call){.path = path, .argv = argv, .envp = envp}, carry_path);
}

/* On its own for its large buffer. */
__attribute__((noinline)) static void try_run_at(const struct exec_call *c)
{
    char path[PATH_MAX];

    if (look_name(c->folder, c->path, c->flags, path) && look_passes_by(path))
        start_run(c, path);
}

static int carry_at(const struct exec_call *c)
{
    if (c->run != NULL)
        try_run_at(c);
    return exec_next.execveat(c->folder, c->path, c->argv, c->envp, c->flags);
}

int exec_at(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
    return start(
        &(struct exec_call){
            .path = path, .argv = argv, .envp = envp, .folder = folder, .flags = flags},
        carry_at);
}

int exec_fd(int fd, char *const argv[], char *const envp[])
{
    if (fd < 0 || argv == NULL || envp == NULL) {
        errno = EINVAL;
        return -1;
    }
    return exec_at(fd, "", argv, envp, AT_EMPTY_PATH);
}

/* ---- exec along PATH ---- */

static size_t count_arguments(char *const argv[])
{
    size_t count = 0;

    while (argv[count] != NULL)
        count++;
    return count;
}

/* What is no program is a script of the shell's. */
static void try_shell(const struct exec_call *c, const char *path)
{
    size_t count = count_arguments(c->argv), rest = count > 0 ? count : 1;
    struct exec_call shell = *c;

    if (count > INT_MAX - 2) {
        errno = E2BIG;
        return;
    }
    const char **argv = __builtin_alloca((rest + 2) * sizeof(*argv));
    argv[0] = _PATH_BSHELL;
    argv[1] = path;
    for (size_t i = 1; i < rest; i++)
        argv[i + 1] = c->argv[i];
    argv[rest + 1] = NULL;
    shell.path = _PATH_BSHELL;
    shell.argv = (char *const *)argv;
    carry_path(&shell);
}

static void try_path(const struct exec_call *c, const char *path)
{
    struct exec_call one = *c;

    one.path = path;
    carry_path(&one);
    if (errno == ENOEXEC)
        try_shell(c, path);
}

static void try_folders(const struct exec_call *c)
{
    struct search s;
    bool is_forbidden = false;

    if (!search_begin(&s, c->path))
        return;
    char *path = __builtin_alloca(search_room(&s));
    while (search_next(&s, path)) {
        try_path(c, path);
        is_forbidden = is_forbidden || errno == EACCES;
        if (!search_goes_on(errno))
            return;
    }
    if (is_forbidden)
        errno = EACCES; /* rather than what became of the last folder */
}

static int carry_search(const struct exec_call *c)
{
    if (c->path[0] == '\0')
        errno = ENOENT;
    else if (strchr(c->path, '/') != NULL)
        try_path(c, c->path);
    else
        try_folders(c);
    return -1;
}

int exec_search(const char *file, char *const argv[], char *const envp[])
{
    return start(&(struct exec_call){.path = file, .argv = argv, .envp = envp}, carry_search);
}

/* ---- lists of arguments ---- */

typedef int exec_function(const char *path, char *const argv[], char *const envp[]);

/* The environment is that of this process, or it follows the list. */
static int with_list(exec_function *function, const char *path, const char *first, va_list rest,
                     bool has_environment)
{
    size_t count = 0;
    va_list counted;

    va_copy(counted, rest);
    for (const char *a = first; a != NULL; a = va_arg(counted, const char *))
        count++;
    va_end(counted);

    const char **argv = __builtin_alloca((count + 1) * sizeof(*argv));
    argv[0] = first;
    for (size_t i = 1; i <= count; i++)
        argv[i] = va_arg(rest, const char *);
    return function(path, (char *const *)argv,
                    has_environment ? va_arg(rest, char *const *) : environ);
}

int exec_list(const char *path, const char *first, va_list rest)
{
    return with_list(exec_path, path, first, rest, false);
}

int exec_list_search(const char *file, const char *first, va_list rest)
{
    return with_list(exec_search, file, first, rest, false);
}

int exec_list_with(const char *path, const char *first, va_list rest)
{
    return with_list(exec_path, path, first, rest, true);
}

/* ---- spawn ---- */

/*
 * A relative path is not looked at where actions on files are to come before, one of which
 * may be to leave the folder. They are the reason why `run` is looked at, too: they would be
 * carried out twice.
 */
static bool is_for_run(const struct exec_call *c, const char *path)
{
    return (path[0] == '/' || c->actions == NULL) && look_passes_by(path) &&
           look_is_program(c->run);
}

static int try_run(const struct exec_call *c, const char *path)
{
    return is_for_run(c, path) ? start_run(c, path) : -1;
}

static int carry_spawn(const struct exec_call *c)
{
    uintptr_t page = 0;

    if (c->run != NULL && string_array_begins(c->path, &page) && try_run(c, c->path) == 0)
        return 0;
    return exec_next.posix_spawn(c->pid, c->path, c->actions, c->attributes, c->argv, c->envp);
}

static struct exec_call spawn_call(pid_t *pid, const char *path,
                                   const posix_spawn_file_actions_t *actions,
                                   const posix_spawnattr_t *attributes, char *const argv[],
                                   char *const envp[])
{
    return (struct exec_call){.path = path,
                              .argv = argv,
                              .envp = envp,
                              .pid = pid,
                              .actions = actions,
                              .attributes = attributes,
                              .spawns = true};
}

int exec_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
               const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    struct exec_call c = spawn_call(pid, path, actions, attributes, argv, envp);
    return start(&c, carry_spawn);
}

/* The first program along PATH is the one that is started. */
static int try_run_in_folders(const struct exec_call *c)
{
    struct search s;

    if (!search_begin(&s, c->path))
        return -1;
    char *path = __builtin_alloca(search_room(&s));
    while (search_next(&s, path)) {
        if (look_is_program(path))
            return try_run(c, path);
    }
    return -1;
}

static int carry_spawn_search(const struct exec_call *c)
{
    if (c->run != NULL &&
        (strchr(c->path, '/') != NULL ? try_run(c, c->path) : try_run_in_folders(c)) == 0)
        return 0;
    return exec_next.posix_spawnp(c->pid, c->path, c->actions, c->attributes, c->argv, c->envp);
}

int exec_spawn_search(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    struct exec_call c = spawn_call(pid, file, actions, attributes, argv, envp);
    return start(&c, carry_spawn_search);
}

/* ---- before the constructor ---- */

/*
 * No system call does what posix_spawn does. Whoever needs it so early is the constructor of
 * some other library, where dlsym may be called.
 */
static int spawn_early(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
    real_calls_resolve();
    if (exec_next.posix_spawn == spawn_early)
        return ENOSYS;
    return exec_next.posix_spawn(pid, path, actions, attributes, argv, envp);
}

static int spawn_search_early(pid_t *pid, const char *file,
                              const posix_spawn_file_actions_t *actions,
                              const posix_spawnattr_t *attributes, char *const argv[],
                              char *const envp[])
{
    real_calls_resolve();
    if (exec_next.posix_spawnp == spawn_search_early)
        return ENOSYS;
    return exec_next.posix_spawnp(pid, file, actions, attributes, argv, envp);
}

struct exec_next exec_next = {
    .execve = sys_execve,
    .execveat = sys_execveat,
    .posix_spawn = spawn_early,
    .posix_spawnp = spawn_search_early,
};
