/* Named runs: their folders, and the end of them. */
#pragma once

#include <stdbool.h>

enum { RUNS_NAME_MAX = 64, RUNS_FOLDERS = 2 };

/* Returns whether a text is a valid name: letters, digits and ._- but not at the beginning. */
bool runs_is_name(const char *text);

/* Returns the folders that the library may have used, one or two, in its order; NULL is the end. */
const char *const *runs_folders(void);

/* Returns the path of the registry of a run, or of no run (""), in one of them; malloc'ed. */
char *runs_path(const char *folder, const char *run);

/*
 * Makes the folder of a run if it does not exist, and returns its path, malloc'ed. No other command
 * removes it until this process has executed a program. Removes the runs beside it that have
 * ended. On an error, ends the program.
 */
char *runs_begin(const char *run);

/*
 * Returns the path that runs_begin would return, and makes nothing. On an error, as far as it can be
 * seen, ends the program.
 */
char *runs_locate(const char *run);

/*
 * Returns the folder that a run's folder is in, malloc'ed, or NULL if the path is not that of a run
 * that runs_begin has made.
 */
char *runs_above(const char *path);

/* Removes the runs in a folder of runs_folders() that have ended. */
void runs_remove_past(const char *folder);
void runs_remove_all_past(void); /* in each of them */

/* Returns whether a folder has what runs_begin, or a server, puts into the folder of a run. */
bool runs_is_run(const char *path);
