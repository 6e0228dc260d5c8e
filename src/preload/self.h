/* What this process knows of itself, without asking at each bind. */
#ifndef PRELOAD_SELF_H
#define PRELOAD_SELF_H

/*
 * For the constructor; before, engine_pid and engine_program (translate/engine.h) ask each
 * time.
 */
void self_begin(void);

#endif
