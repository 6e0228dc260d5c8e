/* Where the other parts of libremap are. */
#ifndef CLI_PLACE_H
#define CLI_PLACE_H

#include <limits.h>
#include <stdbool.h>

/* Whether there is a file at folder + rest; its real path is then in `path`. */
bool place_try(const char *folder, const char *rest, char path[PATH_MAX]);

/*
 * Each finds a part beside this program, in its folder as seen from this one's, or where it
 * was built to be installed. False after a message.
 */
bool place_find_library(char path[PATH_MAX]);
bool place_find_helper(char path[PATH_MAX]);

#endif
