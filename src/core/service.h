/* Service names: a table of our own, so that no NSS module is loaded into a stranger's process. */
#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

enum { SERVICE_NAME_MAX = 15 }; /* RFC 6335, 5.1 */

struct service {
    char name[SERVICE_NAME_MAX + 1];
    uint16_t port;
};

/* The table, in the order of strcmp(3) on the names, which are all lower case. */
extern const struct service service_table[];
extern const size_t service_count;

/*
 * The port of a name, whatever its case (RFC 6335, 5.1), or 0 if the table has none of
 * that name.
 */
uint16_t service_port(const char *name, size_t size);

#endif
