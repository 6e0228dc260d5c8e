/* Findings of remap doctor about this system and this user. */
#pragma once

#include "cli/finding.h"

enum { SYSTEM_WEB_PORT = 80 }; /* the one that most users of remap want */

/* Which ports are privileged. */
void system_check_ports(struct finding *f);

/* Whether this user can bind them anyway. */
void system_check_user(struct finding *f);

/* Whether programs can use io_uring, whose binds no engine catches. */
void system_check_io_uring(struct finding *f);
