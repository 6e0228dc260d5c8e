/* A bind that gets a socket which the service manager passed, in place of the program's own. */
#pragma once

#include "translate/bind_call.h"

/*
 * Puts the passed socket that fits c->asked and the rule in the place of c->fd, with its options, and
 * sets c->actual, and c->is_recorded if the registry needs no other record. Fails with EACCES, after a
 * line, if there is none.
 */
int adopt_socket(struct bind_call *c) __attribute__((warn_unused_result));
