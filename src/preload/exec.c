#include "preload/exec.h"

#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/parameters.h"
#include "linux/sys.h"
#include "linux/trust.h"
#include "linux/user_memory.h"
#include "preload/calls.h"
#include "preload/exec_env.h"
#include "preload/initial_env.h"
#include "program/verdict.h"
#include "translate/report.h"

/* A call, with the arguments of its function. */
struct exec_call {
    const char *path; /* or a name to search for */
    char *const *argv;
    char *const *envp;
    int folder, flags;
    pid_t *pid;
    const posix_spawn_file_actions_t *actions;
    const posix_spawnattr_t *attributes;
    exec_spawn_function *spawn; /* posix_spawn or posix_spawnp; NULL for exec */
    const char *run;            /* the `remap` that starts what cannot be preloaded, or NULL */
};

/* Makes a call whose environment is complete. */
typedef int make(const struct exec_call *c);

/* Completes the environment on the stack, if anything is missing in it, and makes the call. */
static int start(struct exec_call *c, make *make_call)
{
    struct exec_env e;

    if (!exec_env_read(&e, c->envp))
        return make_call(c);
    if (e.size > 0)
        c->envp = exec_env_build(&e, __builtin_alloca(e.size));
    c->run = exec_env_run(&e);
    return make_call(c);
}

/* ---- programs that cannot be preloaded ---- */

/*
 * LD_PRELOAD with $LIB leads 32-bit programs to a library of their own. Where this program is of musl,
 * its loader took the library, and others do.
 */
static struct verdict_loaders loaders(void)
{
    return (struct verdict_loaders){
        .has_32_bit = strchr(initial_env_preload(), '$') != NULL,
        .takes_musl = calls_is_musl(),
    };
}

/* In doubt the kernel decides: the program is executed unchanged, and fails as without the library. */
static bool needs_run(const char *path)
{
    return verdict_of_exec(path, loaders(), &(int){0}) == VERDICT_NOTIFY;
}

/*
 * Starts `remap enter -- PATH ARGV...` in place of the program. Returns an error if that
 * fails: the caller then starts the program itself.
 */
static int start_run(const struct exec_call *c, const char *path, char *const *given)
{
    const char *const head[] = {"remap", "enter", "--", path, path, NULL};
    size_t count;

    if (sys_geteuid() == 0 && trust_of(c->run) != CONFIG_TRUSTED) {
        report_ignored(CONFIG_RUN, NULL);
        return -1;
    }
    if (!exec_env_count(given, &count))
        return -1;
    const char **argv = __builtin_alloca(sizeof(head) + count * sizeof(*argv));
    memcpy(argv, head, sizeof(head));
    if (count > 0)
        memcpy(argv + 4, given, (count + 1) * sizeof(*argv));
    if (c->spawn != NULL)
        return exec_next.posix_spawn(c->pid, c->run, c->actions, c->attributes, (char *const *)argv,
                                     c->envp);
    return exec_next.execve(c->run, (char *const *)argv, c->envp);
}

/* ---- exec ---- */

static int execute(const struct exec_call *c, const char *path, char *const *argv)
{
    if (c->run != NULL && needs_run(path))
        start_run(c, path, argv);
    return exec_next.execve(path, argv, c->envp);
}

static int make_path(const struct exec_call *c)
{
    return execute(c, c->path, c->argv);
}

int exec_ve(const char *path, char *const argv[], char *const envp[])
{
    return start(&(struct exec_call){.path = path, .argv = argv, .envp = envp}, make_path);
}

int exec_v(const char *path, char *const argv[])
{
    return exec_ve(path, argv, environ);
}

/*
 * Finds the path of what execveat(2) takes. Returns false if it cannot be found by a path, or if
 * a flag says more than AT_EMPTY_PATH. Changes errno.
 */
static bool find_path(const struct exec_call *c, char path[PATH_MAX])
{
    if ((c->flags & ~AT_EMPTY_PATH) != 0 || !user_memory_readable(c->path, 1))
        return false;
    if (c->path[0] == '\0')
        return c->folder >= 0 && (c->flags & AT_EMPTY_PATH) != 0 && path_of_fd(c->folder, path);
    int fd = sys_openat(c->folder, c->path, O_PATH);
    if (fd < 0)
        return false;
    bool is_found = path_of_fd(fd, path);
    sys_close(fd);
    return is_found;
}

/* A function of its own, since its buffer is large. */
__attribute__((noinline)) static void try_run_at(const struct exec_call *c)
{
    char path[PATH_MAX];
    int saved = errno;
    bool is_found = find_path(c, path);

    errno = saved;
    if (is_found && needs_run(path))
        start_run(c, path, c->argv);
}

static int make_at(const struct exec_call *c)
{
    if (c->run != NULL)
        try_run_at(c);
    return exec_next.execveat(c->folder, c->path, c->argv, c->envp, c->flags);
}

int exec_veat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
    return start(
        &(struct exec_call){
            .path = path, .argv = argv, .envp = envp, .folder = folder, .flags = flags},
        make_at);
}

int exec_fd(int fd, char *const argv[], char *const envp[])
{
    if (fd < 0 || argv == NULL || envp == NULL) {
        errno = EINVAL;
        return -1;
    }
    return exec_veat(fd, "", argv, envp, AT_EMPTY_PATH);
}

/* ---- exec along PATH ---- */

/* A file that is not a program is a script for the shell. */
static void try_shell(const struct exec_call *c, const char *path)
{
    const char *const head[] = {_PATH_BSHELL, path, NULL};
    size_t count = 0;

    while (c->argv[count] != NULL)
        count++;
    const char **argv = __builtin_alloca(sizeof(head) + count * sizeof(*argv));
    memcpy(argv, head, sizeof(head));
    if (count > 0)
        memcpy(argv + 2, c->argv + 1, count * sizeof(*argv));
    execute(c, _PATH_BSHELL, (char *const *)argv);
}

static void try_path(const struct exec_call *c, const char *path)
{
    execute(c, path, c->argv);
    if (errno == ENOEXEC)
        try_shell(c, path);
}

static void try_folders(const struct exec_call *c)
{
    struct path_search s;
    bool is_forbidden = false;

    if (!path_begin(&s, c->path, path_folders()))
        return;
    char *path = __builtin_alloca(path_room(&s));
    while (path_next(&s, path)) {
        try_path(c, path);
        is_forbidden = is_forbidden || errno == EACCES;
        if (!path_goes_on(errno))
            return;
    }
    if (is_forbidden)
        errno = EACCES; /* not the error of the last folder */
}

static int make_search(const struct exec_call *c)
{
    if (c->path[0] == '\0')
        errno = ENOENT;
    else if (strchr(c->path, '/') != NULL)
        try_path(c, c->path);
    else
        try_folders(c);
    return -1;
}

int exec_vpe(const char *file, char *const argv[], char *const envp[])
{
    return start(&(struct exec_call){.path = file, .argv = argv, .envp = envp}, make_search);
}

int exec_vp(const char *file, char *const argv[])
{
    return exec_vpe(file, argv, environ);
}

/* ---- lists of arguments ---- */

int exec_list(exec_function *function, const char *path, const char *first, va_list rest,
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

/* ---- spawn ---- */

/* File actions run before the program, and one may change the folder of a relative path. */
static bool can_check(const struct exec_call *c, const char *path)
{
    return path[0] == '/' || c->actions == NULL;
}

/* The file actions would run twice if `run` failed, so `run` is checked first. */
static int try_run(const struct exec_call *c, const char *path)
{
    struct statx st;

    return program_try(c->run, &st) == 0 ? start_run(c, path, c->argv) : -1;
}

static int try_run_at_path(const struct exec_call *c)
{
    return needs_run(c->path) && can_check(c, c->path) ? try_run(c, c->path) : -1;
}

/* As execvp does, posix_spawnp starts the first program that can be executed. */
static int try_run_in_folders(const struct exec_call *c)
{
    struct path_search s;
    int error;

    if (!path_begin(&s, c->path, path_folders()))
        return -1;
    char *path = __builtin_alloca(path_room(&s));
    while (path_next(&s, path) && can_check(c, path)) {
        if (verdict_of_exec(path, loaders(), &error) == VERDICT_NOTIFY)
            return try_run(c, path);
        if (!path_goes_on(error))
            break;
    }
    return -1;
}

static int make_spawn(const struct exec_call *c)
{
    if (c->run != NULL && (c->spawn == exec_next.posix_spawnp && strchr(c->path, '/') == NULL
                               ? try_run_in_folders(c)
                               : try_run_at_path(c)) == 0)
        return 0;
    return c->spawn(c->pid, c->path, c->actions, c->attributes, c->argv, c->envp);
}

int exec_spawn(exec_spawn_function *spawn, pid_t *pid, const char *path,
               const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
               char *const argv[], char *const envp[])
{
    return start(&(struct exec_call){path, argv, envp, .pid = pid, .actions = actions,
                                     .attributes = attributes, .spawn = spawn},
                 make_spawn);
}

/* ---- before the constructor ---- */

/*
 * No system call does what posix_spawn does. The caller is the constructor of another
 * library, so it may call dlsym.
 */
#define SPAWN_CALL(name, result, handler, ...)                                                     \
    static result early_##name PARAMETERS(__VA_ARGS__)                                             \
    {                                                                                              \
        calls_find();                                                                              \
        return exec_next.name != early_##name ? exec_next.name ARGUMENTS(__VA_ARGS__) : ENOSYS;    \
    }
#include "preload/calls.def"

struct exec_next exec_next = {
#define EXEC_CALL(name, ...) .name = sys_##name,
#define SPAWN_CALL(name, ...) .name = early_##name,
#include "preload/calls.def"
};
