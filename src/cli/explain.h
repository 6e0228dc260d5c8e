/* What the table does with endpoints, told rule by rule. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "core/config.h"

/*
 * Prints to stdout, for each endpoint written as tcp/127.0.0.1:80, which rule
 * decides and what becomes of it; and warns of those that collide. Returns
 * STATUS_OK, or STATUS_USAGE with nothing printed to stdout where one is faulty.
 */
int explain_endpoints(const struct config *config, int count, char **endpoints);

#endif
