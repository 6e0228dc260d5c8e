/* Files and folders of procfs (proc(5)), read without stdio and malloc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/text.h"

/* ---- a file, line by line ---- */

/* `is_cut` is set after a line that did not fit, and whose rest is still to be skipped. */
struct procfs_lines {
    int fd;
    size_t begin, end;
    bool is_cut;
    char buf[1024];
};

/* Returns false, with errno, if the file cannot be opened. */
__attribute__((warn_unused_result)) bool procfs_open_lines(struct procfs_lines *l,
                                                           const char *path);
void procfs_close_lines(const struct procfs_lines *l);

/* Of a variable that procfs_open_lines is called for: closes it when it goes out of scope. */
#define PROCFS_CLEANUP_LINES __attribute__((cleanup(procfs_close_lines)))

/*
 * Reads the next line, without its newline; of a line that does not fit in l->buf, as much as
 * fits. Returns false at the end of the file. The line is valid until the next call.
 */
bool procfs_next_line(struct procfs_lines *l, struct span *line);

/*
 * Reads a word that is a number in base 10 or 16. Returns false, and leaves *number alone, if
 * it is anything else or does not fit.
 */
bool procfs_number(struct span word, unsigned base, uint64_t *number);

/* ---- the names in a folder: readdir(3) allocates ---- */

struct procfs_folder {
    int fd;
    ssize_t at, end;
    _Alignas(8) char buf[1024];
};

/* Returns false, with errno, if the folder cannot be opened. Then there is nothing to close. */
__attribute__((warn_unused_result)) bool procfs_open_folder(struct procfs_folder *f,
                                                            const char *path);
void procfs_close_folder(struct procfs_folder *f);

/* Returns the next name, "." and ".." included, or NULL. It is valid until the next call. */
const char *procfs_next_name(struct procfs_folder *f);

/* Returns the next process that the folder /proc lists, or 0 at the end. */
pid_t procfs_next_process(struct procfs_folder *f);

/* Returns the inode of the socket that a name in the folder /proc/PID/fd leads to, or 0. */
uint64_t procfs_socket(const struct procfs_folder *fds, const char *name);

/* ---- settings ---- */

/* Reads the numbers that a file begins with, up to `max`. Returns how many it has read. */
size_t procfs_numbers(const char *path, uint64_t *numbers, size_t max);

/* Returns the number in a file below /proc/sys, or `otherwise` if it cannot be read. */
uint64_t procfs_setting(const char *path, uint64_t otherwise);

/* ---- processes: `pid` may be a thread, and 0 is the calling thread ---- */

enum { PROCFS_PATH_MAX = 64, PROCFS_NAME_MAX = 16 };

/* Writes "/proc/PID/FILE". */
void procfs_path(char path[PROCFS_PATH_MAX], pid_t pid, const char *file);

/* Reads the name of a process (/proc/PID/comm). It is empty if there is no such process. */
void procfs_name(pid_t pid, char name[PROCFS_NAME_MAX]);

/*
 * Reads a number from /proc/PID/status, in `base`, from the field `field`, which includes the
 * colon: "Tgid:". Returns false, with errno, if that fails: ESRCH if there is no such process or
 * field, EMFILE or ENFILE if there is no descriptor to look with.
 */
bool procfs_status(pid_t pid, const char *field, unsigned base, uint64_t *number);

/* Returns whether a signal that is not blocked is about to be delivered to a thread. */
bool procfs_has_signal(pid_t tid);

/* Reads when a process has started, in clock ticks since the boot. Returns false if that fails. */
bool procfs_started(pid_t pid, uint64_t *ticks);

/*
 * Reads the link /proc/PID/FILE into `target`, as a string. Returns its length, or -1 if it cannot
 * be read or does not fit.
 */
ssize_t procfs_link(pid_t pid, const char *file, char *target, size_t size);

/* Returns the inode of /proc/PID/FILE, for "ns/user" that of its user namespace, or 0. */
uint64_t procfs_inode(pid_t pid, const char *file);

/* Returns the number of the pid namespace of this process, or 0. Changes errno. */
uint64_t procfs_pid_namespace(void);

/* Returns whether a user or group exists in the user namespace of `map`, /proc/PID/uid_map or
 * gid_map (user_namespaces(7)); true also if that file cannot be read. */
bool procfs_maps_id(const char *map, uint64_t id);
