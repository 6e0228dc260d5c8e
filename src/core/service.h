/* Service names. The table is built in: NSS would load modules into the program. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SERVICE_NAME_MAX = 15 }; /* RFC 6335, 5.1 */

struct service {
    char name[SERVICE_NAME_MAX + 1];
    uint16_t port;
};

/* Sorted by name as strcmp(3) does. All names are lower case. */
extern const struct service service_table[];
extern const size_t service_count;

/* Returns the port of a name, or 0 if it is unknown. Case is ignored (RFC 6335, 5.1). */
uint16_t service_port(const char *name, size_t size);
