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
#include "notify/thread.h"

struct question {
    uint16_t port;
    bool is_connect;
    bool is_answered, is_allowed;
};

/*
 * One restriction of a process, which its descendants inherit, and the thread that has it, too.
 * `lock` protects all but `next`.
 */
struct restriction {
    pid_t pid;        /* 0: unused */
    uint64_t started; /* procfs_started(): the number may be another process's later */
    int ruleset;
    bool is_over;              /* the process has ended, and the thread is to */
    struct question *question; /* that waits for an answer */
    struct restriction *next;
};

enum { LAYERS = 16 }; /* the kernel refuses a process more (LANDLOCK_MAX_NUM_LAYERS) */

static struct restriction *_Atomic restrictions; /* a list; what is in it is used again */
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
        while (r->question == NULL && !r->is_over)
            pthread_cond_wait(&changed, &lock);
        struct question *q = r->question;
        if (q == NULL)
            break;
        r->question = NULL;
        q->is_allowed = !is_restricted || is_allowed(q);
        q->is_answered = true;
        pthread_cond_broadcast(&changed);
    }
    r->pid = 0;
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* ---- the list ---- */

static bool is_of(const struct restriction *r, pid_t pid)
{
    uint64_t started;

    return r->pid == pid && procfs_started(pid, &started) && started == r->started;
}

/*
 * Ends the threads of processes that have ended, and counts the restrictions of `pid`. Returns an unused
 * restriction, or NULL.
 */
static struct restriction *sweep(pid_t pid, int *count)
{
    struct restriction *unused = NULL;

    *count = 0;
    for (struct restriction *r = atomic_load(&restrictions); r != NULL; r = r->next) {
        r->is_over = r->is_over || !is_of(r, r->pid);
        *count += r->pid == pid && !r->is_over;
        if (r->pid == 0)
            unused = r;
    }
    pthread_cond_broadcast(&changed);
    return unused;
}

/* Adds one, unused, or returns NULL. */
static struct restriction *add(void)
{
    struct restriction *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->next = atomic_load(&restrictions);
    atomic_store(&restrictions, r);
    return r;
}

/* Takes the ruleset if it succeeds. */
static bool note(pid_t pid, int ruleset)
{
    int count;
    struct restriction *unused = sweep(pid, &count), *r = unused != NULL ? unused : add();
    uint64_t started;

    if (r == NULL || count == LAYERS || !procfs_started(pid, &started))
        return false;
    r->ruleset = ruleset;
    r->is_over = false;
    if (thread_start(answer_questions, r) != 0)
        return false;
    r->pid = pid;
    r->started = started;
    return true;
}

void landlock_note(pid_t pid, int ruleset)
{
    pthread_mutex_lock(&lock);
    if (!note(pid, ruleset))
        fd_close(&ruleset);
    pthread_mutex_unlock(&lock);
}

/* ---- asking ---- */

/* Returns what the thread answers, or true if the restriction is not of that process. */
static bool ask(struct restriction *r, pid_t pid, struct question q)
{
    while (is_of(r, pid) && r->question != NULL) /* another's */
        pthread_cond_wait(&changed, &lock);
    if (!is_of(r, pid))
        return true;
    r->question = &q;
    pthread_cond_broadcast(&changed);
    while (!q.is_answered)
        pthread_cond_wait(&changed, &lock);
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
        pthread_mutex_lock(&lock);
        for (struct restriction *r = first; r != NULL; r = r->next)
            is_allowed = is_allowed && ask(r, pid, q);
        pthread_mutex_unlock(&lock);
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
