/*
 * What happens when the library is loaded: as little as can be. The rest waits for the
 * first bind.
 */
#include "preload/calls.h"
#include "preload/initial_env.h"
#include "preload/process_facts.h"

__attribute__((constructor)) static void start(void)
{
    calls_find();
    initial_env_capture();
    process_facts_begin();
}
