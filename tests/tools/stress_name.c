/* stress: addresses, and whether an answer is the expected one. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

socklen_t stress_size_of(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* The port lies at the same place in both families. */
uint16_t stress_port_of(const struct sockaddr_storage *a)
{
    return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

struct sockaddr_storage stress_name(const char *address, unsigned port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;

    a.ss_family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    inet_pton(a.ss_family, address,
              a.ss_family == AF_INET ? (void *)&in->sin_addr : (void *)&in6->sin6_addr);
    in->sin_port = htons((uint16_t)port);
    return a;
}

bool stress_is_wildcard(const struct sockaddr_storage *a)
{
    const struct sockaddr_storage any =
        stress_name(a->ss_family == AF_INET ? "0.0.0.0" : "::", stress_port_of(a));
    return memcmp(a, &any, stress_size_of(a)) == 0;
}

static const char *text_of(const struct sockaddr_storage *a)
{
    static char text[2][INET6_ADDRSTRLEN + 16];
    static int at;
    char address[INET6_ADDRSTRLEN] = "?";

    if (a->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, address, sizeof(address));
    else
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, address, sizeof(address));
    at = !at;
    snprintf(text[at], sizeof(text[at]), "%s port %u", address, stress_port_of(a));
    return text[at];
}

void stress_lie(const char *what, const struct sockaddr_storage *expected,
                const struct sockaddr_storage *got)
{
    stress_add(LIES);
    fprintf(stderr, "lie: worker %d (%d), table %u: %s: expected %s, got %s\n", stress_number,
            getpid(), stress_own->table, what, text_of(expected),
            got != NULL ? text_of(got) : strerror(errno));
}

void stress_compare(const char *what, const struct sockaddr_storage *expected,
                    const struct sockaddr_storage *got)
{
    stress_add(NAMES);
    if (expected->ss_family != got->ss_family ||
        memcmp(expected, got, stress_size_of(expected)) != 0)
        stress_lie(what, expected, got);
}

void stress_compare_name(const char *what, stress_name_call *call, int fd,
                         const struct sockaddr_storage *expected)
{
    struct sockaddr_storage got = {0};
    socklen_t len = sizeof(got);

    if (call(fd, (struct sockaddr *)&got, &len) == 0)
        stress_compare(what, expected, &got);
    else if (errno != ENOTCONN) /* the other end is gone */
        stress_lie(what, expected, NULL);
}
