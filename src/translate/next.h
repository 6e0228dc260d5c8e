/* The functions that make a call once it is translated: one for each line of calls.def. */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

struct next {
#define SOCKET_CALL(name, result, handler, ...) result (*name)(__VA_ARGS__);
#include "translate/calls.def"
};

/* The plain system calls, until an engine sets something else. */
extern struct next next;
