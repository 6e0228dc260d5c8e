/*
 * What happens when the library is loaded: as little as can be. The rest waits for the
 * first bind.
 */
#include "preload/behind.h"
#include "preload/env.h"
#include "preload/self.h"

__attribute__((constructor)) static void start(void)
{
    behind_resolve();
    env_capture();
    self_begin();
}
