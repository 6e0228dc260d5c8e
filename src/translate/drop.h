/* Binds sockets that no packet reaches. */
#pragma once

#include "translate/bind_call.h"

/*
 * Binds the program's socket to a free port where nothing arrives. Fails as bind(2) does, or with the
 * errno of setsockopt(2) if the kernel refuses a filter.
 */
int drop_socket(struct bind_call *c) __attribute__((warn_unused_result));
