/*
 * exec and posix_spawn. The new program gets an environment that keeps it in the tree
 * (exec_env.h). If it cannot be preloaded, `remap enter` starts it (REMAP_RUN).
 *
 * All of this is safe in signal handlers, in threads and in a child of vfork(2): it allocates
 * nothing, takes no lock, and does not write to the caller's memory. It makes arrays on the
 * stack, as glibc does.
 */
#pragma once

#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * The real functions, which end each call. They are system calls until calls_find has found
 * them. The constructor looks for these four only, since each name costs every program that is
 * started. The others are made of these, as in glibc, so another preload's execve sees them
 * all. A later look-up is not possible: dlsym(3) takes a lock.
 */
struct exec_next {
#define EXEC_CALL(name, result, handler, ...) result (*name)(__VA_ARGS__);
#define SPAWN_CALL(name, result, handler, ...) result (*name)(__VA_ARGS__);
#include "preload/calls.def"
};

extern struct exec_next exec_next;

/* Each of these does what the libc function does that has "exec" and the same letters. */
int exec_v(const char *path, char *const argv[]);
int exec_ve(const char *path, char *const argv[], char *const envp[]);
int exec_veat(int folder, const char *path, char *const argv[], char *const envp[], int flags);
int exec_vp(const char *file, char *const argv[]);
int exec_vpe(const char *file, char *const argv[], char *const envp[]);

/*
 * Calls the function with an array made of a list of arguments, which begins with `first` and
 * ends with NULL. The environment is the next argument, or that of this process.
 */
typedef int exec_function(const char *path, char *const argv[], char *const envp[]);
int exec_list(exec_function *function, const char *path, const char *first, va_list rest,
              bool has_environment);

/* fexecve(3), by execveat(2) (Linux 3.19) and never by /proc. */
int exec_fd(int fd, char *const argv[], char *const envp[]);

/* As `spawn` does, which is exec_next.posix_spawn or exec_next.posix_spawnp. */
typedef __typeof__(posix_spawn) exec_spawn_function;
int exec_spawn(exec_spawn_function *spawn, pid_t *pid, const char *path,
               const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
               char *const argv[], char *const envp[]);
