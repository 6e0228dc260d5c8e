/*
 * Sockets that the service manager passed (sd_listen_fds(3)): descriptors from 3 on. A keeper holds
 * them for a tree, and answers on an abstract Unix socket (unix(7)). A request is a struct
 * passed_request, and its answer one byte, with the socket (SCM_RIGHTS) if there is one that fits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/endpoint.h"
#include "core/rule.h"

enum {
    PASSED_FIRST = 3,
    PASSED_ADDRESS = 5, /* characters of a name that the kernel gives (autobind) */
    PASSED_SECRET = 16, /* and of what only processes of the tree know */
    PASSED_KEEPER = PASSED_ADDRESS + PASSED_SECRET,
    PASSED_PATIENCE = 5, /* seconds that the keeper's answer is waited for */
};

/* What a rule and a program want. Programs of 32 and 64 bits exchange it. */
struct passed_request {
    char secret[PASSED_SECRET]; /* set by passed_ask(): the program may be another user's by now */
    uint16_t port;
    uint8_t proto, family;
    uint8_t addr[16];
    uint8_t is_exact_family;   /* no IPv6 socket for an IPv4 address */
    char name[RULE_NAME_SIZE]; /* "": the socket is found by its port */
};

/*
 * Returns the descriptor of the socket that fits best, of `count` from PASSED_FIRST on, or -1.
 * `names` are those of LISTEN_FDNAMES, or NULL. An IPv6 wildcard that takes IPv4, too, fits IPv4
 * if there is nothing better. Of several that fit equally the first.
 */
int passed_choose(const struct passed_request *request, const char *names, int count);

/* Returns whether one of the sockets can fit the rule, for some address. */
bool passed_has(const struct rule *rule, const char *names, int count);

/*
 * Asks the keeper whose address and secret are `keeper`. Returns a descriptor, which exec closes, or -1 with
 * errno: ENOENT if no socket fits, EPERM if the keeper is of another user, ETIMEDOUT or EAGAIN if it
 * does not answer.
 */
int passed_ask(const char *keeper, struct passed_request *request)
    __attribute__((warn_unused_result));

/* Makes the address of the keeper: its name without the leading NUL. */
socklen_t passed_address(struct sockaddr_un *address, const char *keeper);

/* Whether the other end of the connection is of this user, or of root. */
bool passed_is_trusted(int connection);
