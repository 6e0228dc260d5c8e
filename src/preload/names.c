/*
 * glibc asks the addresses in its state, with the ports that are there. So the state has the actual
 * address of a server in the tree for the time of one call. It is put back then: glibc reads
 * resolv.conf again only while the options are what it read, and a program may look at the state.
 *
 * The state has one port for UDP and TCP. Where a server has two, it is asked by TCP alone.
 *
 * If the thread is cancelled in the call, its state ends with it.
 */
#include "preload/names.h"

#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "preload/calls.h"
#include "translate/name_server.h"

_Static_assert(NAMES_MAX == MAXNS, "the name servers of a state");

/* Returns the address of a name server in the state, where the resolver finds it, and its length. */
static struct sockaddr *server_at(struct __res_state *state, int i, socklen_t *len)
{
    if (state->nsaddr_list[i].sin_family == AF_INET) {
        *len = sizeof(struct sockaddr_in);
        return (struct sockaddr *)&state->nsaddr_list[i];
    }
    *len = sizeof(struct sockaddr_in6);
    return (struct sockaddr *)state->_u._ext.nsaddrs[i];
}

/* Finds where the servers of a state are: family 0 for those that are not in the tree. */
static void find_servers(struct __res_state *state, enum proto proto,
                         struct sockaddr_in6 found[NAMES_MAX])
{
    struct sockaddr_storage to;
    socklen_t len;

    memset(found, 0, NAMES_MAX * sizeof(found[0]));
    for (int i = 0; i < state->nscount && i < NAMES_MAX; i++) {
        struct sockaddr *server = server_at(state, i, &len);
        if (server != NULL && name_server_find(proto, server, len, &to))
            memcpy(&found[i], &to, len);
    }
}

/* Returns true if a server has another port for TCP than for UDP. */
static bool differ(const struct sockaddr_in6 *udp, const struct sockaddr_in6 *tcp)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        if (udp[i].sin6_family != 0 && tcp[i].sin6_family != 0 &&
            memcmp(&udp[i], &tcp[i], sizeof(udp[i])) != 0)
            return true;
    }
    return false;
}

static void move_servers(struct names_change *change, struct __res_state *state)
{
    struct sockaddr_in6 tcp[NAMES_MAX];
    bool is_by_tcp = (state->options & RES_USEVC) != 0;
    socklen_t len;

    find_servers(state, PROTO_TCP, tcp);
    if (!is_by_tcp)
        find_servers(state, PROTO_UDP, change->actual);
    change->is_by_tcp = !is_by_tcp && differ(change->actual, tcp);
    if (is_by_tcp || change->is_by_tcp)
        memcpy(change->actual, tcp, sizeof(tcp));
    if (change->is_by_tcp)
        state->options |= RES_USEVC;
    for (int i = 0; i < NAMES_MAX; i++) {
        struct sockaddr *server = server_at(state, i, &len);
        if (change->actual[i].sin6_family == 0)
            continue;
        memcpy(&change->asked[i], server, len);
        memcpy(server, &change->actual[i], len);
        change->state = state;
    }
}

void names_begin_state(struct names_change *change, struct __res_state *state)
{
    int saved = errno;

    change->state = NULL;
    if (!calls_is_musl() && name_server_may_run() && (state->options & RES_INIT) != 0)
        move_servers(change, state);
    errno = saved;
}

/*
 * Lets glibc fill the state of this thread, and read resolv.conf again if that has changed: a look-up
 * of an address does both, and asks no server. Returns the state, or NULL.
 */
COLD static struct __res_state *own_state(void)
{
    static _Atomic(void *) known[2];
    struct __res_state *(*state)(void) = NULL;
    int (*look_up)(const char *, struct hostent *, char *, size_t, struct hostent **, int *) = NULL;
    struct hostent entry, *result;
    char buffer[512];
    int error;

    calls_find_late("__res_state", "__res_state", &known[0], &state);
    calls_find_late("gethostbyname_r", "gethostbyname_r", &known[1], &look_up);
    if (state == NULL || look_up == NULL)
        return NULL;
    if (!sys_is_sealed())
        look_up("127.0.0.1", &entry, buffer, sizeof(buffer), &result, &error);
    return state();
}

void names_begin(struct names_change *change)
{
    int saved = errno;
    struct __res_state *state;

    change->state = NULL;
    if (!calls_is_musl() && name_server_may_run() && (state = own_state()) != NULL)
        names_begin_state(change, state);
    errno = saved;
}

void names_end(const struct names_change *change)
{
    struct __res_state *state = change->state;
    socklen_t len;

    for (int i = 0; state != NULL && i < NAMES_MAX; i++) {
        struct sockaddr *server = server_at(state, i, &len);
        if (change->actual[i].sin6_family != 0 && server != NULL &&
            memcmp(server, &change->actual[i], len) == 0)
            memcpy(server, &change->asked[i], len);
    }
    if (state != NULL && change->is_by_tcp)
        state->options &= ~(unsigned long)RES_USEVC;
}
