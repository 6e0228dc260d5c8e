/*
 * The kernel does not tell what a ruleset allows, nor which processes it restricts. So a thread
 * restricts itself by the program's own ruleset, and tries the call on a socket of its own. No host has
 * the address that it uses: nothing is bound or sent, and the error shows whether Landlock refused. A
 * process that restricted itself more than once may do what all of its rulesets allow.
 */
#include "notify/landlock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/procfs.h"
#include "linux/sys.h"
#include "notify/fd.h"

struct question {
    uint16_t port;
    bool is_connect;
    bool is_answered, is_allowed;
};

/* One restriction of a process, which its descendants inherit, and the thread that has it, too. */
struct restriction {
    pid_t pid;
    uint64_t started; /* procfs_started(): the number may be another process's later */
    int ruleset;
    struct question *question; /* that waits for an answer; protected by `lock` */
    struct restriction *next;
};

static struct restriction *_Atomic restrictions; /* a list; nothing is ever removed */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* ---- the thread ---- */

static bool is_allowed(const struct question *q)
{
    /* Class E (RFC 1112) is no host's own; and TCP connects to no group. */
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(q->port),
                             .sin_addr.s_addr = htonl(q->is_connect ? 0xe0000001 : 0xf0000001)};
    FD_OWNER int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = q->is_connect ? sys_connect(fd, (struct sockaddr *)&to, sizeof(to))
                               : sys_bind(fd, (struct sockaddr *)&to, sizeof(to));

    return result == 0 || errno != EACCES;
}

static void *answer_questions(void *data)
{
    struct restriction *r = data;
    bool is_restricted =
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        sys_call(SYS_landlock_restrict_self, r->ruleset, 0, 0) == 0; /* else it is no ruleset */

    fd_close(&r->ruleset);
    pthread_mutex_lock(&lock);
    for (;;) {
        while (r->question == NULL)
            pthread_cond_wait(&changed, &lock);
        struct question *q = r->question;
        r->question = NULL;
        q->is_allowed = !is_restricted || is_allowed(q);
        q->is_answered = true;
        pthread_cond_broadcast(&changed);
    }
    return NULL;
}

void landlock_note(pid_t pid, int ruleset)
{
    struct restriction *r = calloc(1, sizeof(*r));
    pthread_t thread;

    if (r == NULL || !procfs_started(pid, &r->started)) {
        fd_close(&ruleset);
        free(r);
        return;
    }
    r->pid = pid;
    r->ruleset = ruleset;
    if (pthread_create(&thread, NULL, answer_questions, r) != 0) {
        fd_close(&r->ruleset);
        free(r);
        return;
    }
    pthread_detach(thread);
    r->next = atomic_load(&restrictions);
    while (!atomic_compare_exchange_weak(&restrictions, &r->next, r))
        ;
}

/* ---- asking ---- */

static bool is_of(const struct restriction *r, pid_t pid)
{
    uint64_t started;

    return r->pid == pid && procfs_started(pid, &started) && started == r->started;
}

static bool ask(struct restriction *r, struct question q)
{
    pthread_mutex_lock(&lock);
    while (r->question != NULL) /* another's */
        pthread_cond_wait(&changed, &lock);
    r->question = &q;
    pthread_cond_broadcast(&changed);
    while (!q.is_answered)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return q.is_allowed;
}

static bool allows(pid_t pid, struct question q)
{
    enum { ANCESTORS = 64 };
    struct restriction *first = atomic_load(&restrictions);
    uint64_t parent = 0;
    int saved = errno;
    bool is_allowed = true;

    for (int i = 0; first != NULL && is_allowed && i < ANCESTORS && pid > 1 && pid != getpid();
         i++) {
        for (struct restriction *r = first; r != NULL; r = r->next)
            is_allowed = is_allowed && (!is_of(r, pid) || ask(r, q));
        pid = procfs_status(pid, "PPid:", 10, &parent) ? (pid_t)parent : 0;
    }
    errno = saved;
    return is_allowed;
}

bool landlock_allows_bind(pid_t pid, uint16_t port)
{
    return allows(pid, (struct question){.port = port});
}

bool landlock_allows_connect(pid_t pid, uint16_t port)
{
    return allows(pid, (struct question){.port = port, .is_connect = true});
}
