#include "cli/remapped.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/run_names.h"
#include "cli/runs.h"
#include "linux/netns.h"
#include "linux/port_owner.h"
#include "linux/sock_diag.h"
#include "registry/store.h"

/* ---- open sockets ---- */

/* A socket that the kernel lists, and its place in the list of those that are found. */
struct listed {
    struct sock_diag_socket socket;
    size_t place;
};

struct search {
    uint64_t netns;
    struct listed *sockets; /* of it, sorted by endpoint; malloc'ed */
    size_t count;
    struct remapped_list *all;
    size_t begin; /* where those of this registry begin */
};

static int compare_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    if (a->port != b->port)
        return a->port < b->port ? -1 : 1;
    if (a->proto != b->proto)
        return a->proto < b->proto ? -1 : 1;
    if (a->addr.family != b->addr.family)
        return a->addr.family < b->addr.family ? -1 : 1;
    return memcmp(a->addr.bytes, b->addr.bytes, sizeof(a->addr.bytes));
}

static int compare_listed(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return compare_endpoint(&x->socket.local, &y->socket.local);
}

/* Returns the place of the first socket whose endpoint is not below `e`. */
static size_t find_first(const struct search *s, const struct endpoint *e)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_endpoint(&s->sockets[middle].socket.local, e) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds a socket, or replaces its entry by a later one of the same registry. */
static void add(struct search *s, const struct registry_entry *e, struct listed *listed,
                const char *run)
{
    const struct sock_diag_socket *socket = &listed->socket;
    struct remapped_list *all = s->all;
    bool is_added = listed->place >= s->begin && listed->place < all->count;

    if (is_added && (int32_t)(e->order - all->list[listed->place].entry.order) < 0)
        return;
    if (!is_added) {
        all->list = memory_grow(all->list, all->count, sizeof(*all->list));
        listed->place = all->count++;
    }
    struct remapped *live = &all->list[listed->place];
    *live = (struct remapped){.entry = *e,
                              .inode = socket->inode,
                              .uid = socket->uid,
                              .v6only = socket->v6only,
                              .pid = e->pid,
                              .listens = socket->listens && !e->is_dropped};
    text_copy(live->run, sizeof(live->run), run);
    memcpy(live->program, e->program, sizeof(live->program));
}

/* Whether the entry is about the socket, which has its endpoint, and not about an earlier one. */
static bool is_of(const struct registry_entry *e, const struct sock_diag_socket *socket)
{
    return registry_knows_sockets(e) ? registry_knows_socket(e, socket->inode)
                                     : socket->uid == e->uid || socket->uid == geteuid();
}

/* Whether no later entry gives the endpoint to another asked port. */
static bool is_current(const struct registry *r, const struct registry_entry *e)
{
    struct registry_entry now;

    return registry_by_actual(r, e->netns, &e->actual, &now) == REGISTRY_KNOWN &&
           now.asked.port == e->asked.port;
}

/* Sockets that have their asked endpoint are in the registry, too, and are not remapped. */
static bool is_remapped(const struct registry_entry *e)
{
    return e->is_adopted || compare_endpoint(&e->asked, &e->actual) != 0;
}

static void search_registry(struct search *s, const struct registry *r, const char *run)
{
    struct registry_walk walk = {0};
    struct registry_entry e;

    s->begin = s->all->count;
    while (registry_next(r, &walk, &e)) {
        if (e.netns != s->netns || !is_remapped(&e))
            continue;
        size_t i = find_first(s, &e.actual);
        for (; i < s->count && compare_endpoint(&s->sockets[i].socket.local, &e.actual) == 0; i++) {
            if (is_of(&e, &s->sockets[i].socket) && is_current(r, &e))
                add(s, &e, &s->sockets[i], run);
        }
    }
}

/*
 * Searches the registry of a run, or of no run (""), if there is one. Ends the program if it cannot
 * be used, unless it is only tried: the library skips it then, too.
 */
static void search_run(struct search *s, const char *folder, const char *run, bool is_tried)
{
    CLEANUP_FREE char *path = runs_path(folder, run);
    const char *problem;
    struct registry *r = store_find(path, &problem);

    if (r != NULL) {
        search_registry(s, r, run);
        registry_destroy(r);
    } else if (problem != NULL && !is_tried) {
        message_die(STATUS_UNAVAILABLE, "%s %s", path, problem);
    }
}

static int compare_inode(const void *a, const void *b)
{
    const struct remapped *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Fills in the processes that have the sockets, which may be others than those that bound them. */
static void find_processes(struct remapped_list *all)
{
    CLEANUP_FREE struct port_owner *owners = memory_check(calloc(all->count + 1, sizeof(*owners)));

    if (all->count > 0)
        qsort(all->list, all->count, sizeof(*all->list), compare_inode);
    for (size_t i = 0; i < all->count; i++) {
        owners[i].inode = all->list[i].inode;
        owners[i].first = (pid_t)all->list[i].pid;
    }
    port_owner_find_processes(owners, all->count);
    for (size_t i = 0; i < all->count; i++) {
        all->list[i].pid = (uint32_t)owners[i].pid;
        memcpy(all->list[i].program, owners[i].program, sizeof(owners[i].program));
    }
}

static void list_sockets(struct search *s)
{
    static const struct endpoint all = {.proto = PROTO_ANY};
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, s->netns, &all);
    while (sock_diag_next(&dump, &socket)) {
        s->sockets = memory_grow(s->sockets, s->count, sizeof(*s->sockets));
        s->sockets[s->count++] = (struct listed){socket, SIZE_MAX};
    }
    if (!sock_diag_end(&dump))
        message_die(STATUS_UNAVAILABLE,
                    "the kernel does not list its sockets: %s: load the modules tcp_diag and "
                    "udp_diag",
                    strerror(errno));
    if (s->count > 0)
        qsort(s->sockets, s->count, sizeof(*s->sockets), compare_listed);
}

void remapped_find(const char *run, bool with_processes, struct remapped_list *all)
{
    struct search s = {.netns = netns_own(), .all = all};
    struct run_names names = {NULL, 0};

    if (run == NULL)
        names = run_names_find();
    *all = (struct remapped_list){NULL, 0};
    list_sockets(&s);
    for (const char *const *folder = runs_folders(); *folder != NULL; folder++) {
        search_run(&s, *folder, run != NULL ? run : "", folder[1] != NULL);
        for (size_t i = 0; i < names.count; i++)
            search_run(&s, *folder, names.name[i], true);
    }
    run_names_free(&names);
    free(s.sockets);
    if (with_processes)
        find_processes(all);
}

uint64_t remapped_changes(struct remapped_watch *w)
{
    const char *const *folders = runs_folders();
    uint64_t sum = 0;

    for (size_t i = 0; folders[i] != NULL; i++) {
        if (w->registry[i] == NULL) {
            CLEANUP_FREE char *path = runs_path(folders[i], w->run);
            const char *problem;
            w->registry[i] = store_find(path, &problem);
        }
        if (w->registry[i] != NULL)
            sum += (registry_identity(w->registry[i]) << 32) + registry_changes(w->registry[i]);
    }
    return sum;
}

void remapped_end_watch(struct remapped_watch *w)
{
    for (size_t i = 0; i < RUNS_FOLDERS; i++) {
        if (w->registry[i] != NULL)
            registry_destroy(w->registry[i]);
        w->registry[i] = NULL;
    }
}
