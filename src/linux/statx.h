/* struct statx (statx(2)): musl declares it since 1.2.4. */
#pragma once

#include <sys/stat.h>

#ifndef STATX_BASIC_STATS
#include <linux/stat.h>
#endif
