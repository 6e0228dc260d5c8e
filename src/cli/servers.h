/* The running servers of a user. */
#pragma once

#include "export/format.h"

/*
 * Lists the running servers of the user and the run of the options, malloc'ed, and stores their
 * number. Changes to that user permanently. Each user can write to a registry of its own, so a socket
 * must be that user's, too.
 */
struct redirect_live *servers_find(const struct format_options *o, size_t *count);
