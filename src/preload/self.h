/* What this process knows of itself, without asking at each bind. */
#ifndef PRELOAD_SELF_H
#define PRELOAD_SELF_H

#include <sys/types.h>

/* For the constructor; before, all is asked for each time. */
void self_begin(void);

pid_t self_pid(void);

/* The program's name (PR_GET_NAME) when it was first asked for. */
void self_program(char name[16]);

#endif
