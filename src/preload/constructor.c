/*
 * What happens when the library is loaded: as little as can be. The rest waits for the
 * first bind.
 */
#include "preload/initial_env.h"
#include "preload/process_facts.h"
#include "preload/real_calls.h"

__attribute__((constructor)) static void start(void)
{
    real_calls_resolve();
    initial_env_capture();
    process_facts_begin();
}
