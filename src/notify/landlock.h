/*
 * Programs that restrict themselves (landlock(7)). A handler makes a call in the supervisor, where
 * the program's restrictions do not apply. So it asks here first whether they allow the call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Notes that a process is about to restrict itself by a ruleset. Takes the descriptor over. */
void landlock_note(pid_t pid, int ruleset);

/*
 * Returns false if the process, or one that it descends from, has denied itself to bind or to connect
 * TCP sockets to the port (Linux 6.7). A process whose parent has ended counts as not restricted by
 * that. Keeps errno.
 */
bool landlock_allows_bind(pid_t pid, uint16_t port);
bool landlock_allows_connect(pid_t pid, uint16_t port);
