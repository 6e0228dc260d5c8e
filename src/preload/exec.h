/*
 * Programs that start others: exec and posix_spawn, with an environment in which the
 * new program is still part of the tree (keep.h).
 *
 * All of it is safe in signal handlers and threads, and in a child of vfork(2): nothing is
 * allocated or locked, and nothing of the caller's is written to. Arrays are made on the
 * stack, as glibc does.
 */
#ifndef PRELOAD_EXEC_H
#define PRELOAD_EXEC_H

#include <spawn.h>
#include <stdarg.h>
#include <sys/types.h>

/*
 * The functions behind ours, which carry all of this out: system calls, until real_calls_resolve
 * has looked them up. The rest of the family is made of these, as it is in glibc: what
 * another preload does in execve is done for all of them, and the constructor has four names
 * to look up and not eleven, each of which costs every program that is started. Later is no
 * time for that: dlsym(3) takes a lock, and exec is called in signal handlers and vforked
 * children.
 */
struct exec_next {
    int (*execve)(const char *, char *const[], char *const[]);
    int (*execveat)(int, const char *, char *const[], char *const[], int);
    int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                       const posix_spawnattr_t *, char *const[], char *const[]);
    int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *,
                        const posix_spawnattr_t *, char *const[], char *const[]);
};

extern struct exec_next exec_next;

/* execve(2). */
int exec_path(const char *path, char *const argv[], char *const envp[]);

/* execvpe(3): PATH is that of environ, and what is no program is handed to /bin/sh. */
int exec_search(const char *file, char *const argv[], char *const envp[]);

/* execveat(2). */
int exec_at(int folder, const char *path, char *const argv[], char *const envp[], int flags);

/* fexecve(3), by execveat alone (Linux 3.19), without a detour by /proc. */
int exec_fd(int fd, char *const argv[], char *const envp[]);

/* The functions with a list of arguments, which begins with `first` and goes on in `rest`. */
int exec_list(const char *path, const char *first, va_list rest);
int exec_list_search(const char *file, const char *first, va_list rest);
/* With the environment behind the list. */
int exec_list_with(const char *path, const char *first, va_list rest);

/* posix_spawn(3) and posix_spawnp(3). */
int exec_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
               const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
int exec_spawn_search(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);

#endif
