/* What this process knows of itself, without asking at each bind. */
#ifndef PRELOAD_PROCESS_FACTS_H
#define PRELOAD_PROCESS_FACTS_H

/*
 * For the constructor; before, engine_pid and engine_program (translate/engine.h) ask each
 * time.
 */
void process_facts_begin(void);

#endif
