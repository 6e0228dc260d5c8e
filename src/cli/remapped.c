#include "cli/remapped.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/rules.h"
#include "linux/netns.h"
#include "linux/port_owner.h"
#include "linux/sock_diag.h"
#include "registry/store.h"

/* ---- where registries are ---- */

bool remapped_is_run_name(const char *text)
{
    if (!isalnum((unsigned char)text[0]) || strlen(text) > REMAPPED_RUN_MAX)
        return false;
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("._-", *text) == NULL)
            return false;
    }
    return true;
}

/* Returns the folders that the library may have used, one or two, in its order; NULL is the end. */
static const char *const *find_folders(void)
{
    static const struct rules settings = {.given = true}; /* no source of rules */
    static struct config config;
    static char last[STORE_DEFAULT_MAX];
    static const char *folders[3];
    int count = 0;

    if (!rules_load(&settings, &config))
        exit(STATUS_UNAVAILABLE);
    if (!config.state_off && config.state[0] != '\0')
        folders[count++] = config.state;
    if (!config.state_given || config.state_off)
        folders[count++] = store_default_folder(last);
    folders[count] = NULL;
    return folders;
}

char *remapped_run_folder(const char *run)
{
    for (const char *const *folder = find_folders();; folder++) {
        const char *problem = store_make_folder(*folder);
        if (problem == NULL)
            return memory_format("%s/%s", *folder, run);
        if (folder[1] == NULL)
            message_die(STATUS_UNAVAILABLE, "%s %s", *folder, problem);
    }
}

/* ---- open sockets ---- */

struct search {
    uint64_t netns;
    struct sock_diag_socket *sockets; /* of it; malloc'ed */
    size_t count;
    struct remapped_list *all;
};

static void add(struct search *s, const struct registry_entry *e,
                const struct sock_diag_socket *socket, const char *run)
{
    struct remapped_list *all = s->all;

    all->list = memory_grow(all->list, all->count, sizeof(*all->list));
    struct remapped *live = &all->list[all->count++];
    *live = (struct remapped){.entry = *e,
                              .inode = socket->inode,
                              .uid = socket->uid,
                              .v6only = socket->v6only,
                              .pid = e->pid,
                              .listens = socket->listens};
    live->entry.asked.proto = live->entry.actual.proto = socket->local.proto;
    text_copy(live->run, sizeof(live->run), run);
    memcpy(live->program, e->program, sizeof(live->program));
}

/* Whether the socket is the one that the entry is about, and no stranger's at its port. */
static bool is_of(const struct registry *r, const struct registry_entry *e,
                  const struct sock_diag_socket *socket)
{
    struct registry_entry now;

    if (socket->local.port != e->actual.port || !addr_equal(&socket->local.addr, &e->actual.addr) ||
        (e->actual.proto != PROTO_ANY && e->actual.proto != socket->local.proto) ||
        registry_by_actual(r, e->netns, &socket->local, &now) != REGISTRY_KNOWN ||
        now.asked.port != e->asked.port)
        return false;
    return registry_knows_sockets(e)
               ? registry_knows_socket(e, socket->inode)
               : socket->uid == e->uid || socket->uid == geteuid();
}

/* The latest entry that is about the socket: one engine may have noted it after the other. */
static bool find_entry(uint64_t netns, const struct registry *r,
                       const struct sock_diag_socket *socket, struct registry_entry *found)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;
    bool is_found = false;

    while (registry_next(r, &walk, &e)) {
        if (e.netns != netns || !is_of(r, &e, socket) ||
            (is_found && (int32_t)(e.order - found->order) < 0))
            continue;
        *found = e;
        is_found = true;
    }
    return is_found;
}

static void search_registry(struct search *s, const struct registry *r, const char *run)
{
    struct registry_entry e;

    for (size_t i = 0; i < s->count; i++) {
        const struct sock_diag_socket socket = s->sockets[i];
        if (registry_has_port(r, s->netns, socket.local.port) &&
            find_entry(s->netns, r, &socket, &e))
            add(s, &e, &socket, run);
    }
}

/*
 * Searches the registry of a run, or of no run (""), if there is one. Ends the program if it cannot
 * be used, unless it is only tried: the library skips it then, too.
 */
static void search_run(struct search *s, const char *folder, const char *run, bool is_tried)
{
    CLEANUP_FREE char *path = memory_format("%s%s%s", folder, run[0] != '\0' ? "/" : "", run);
    const char *problem;
    struct registry *r = store_find(path, &problem);

    if (r != NULL) {
        search_registry(s, r, run);
        registry_destroy(r);
    } else if (problem != NULL && !is_tried) {
        message_die(STATUS_UNAVAILABLE, "%s %s", path, problem);
    }
}

/* Skips what is not the folder of a run. */
static void search_all_runs(struct search *s, const char *folder)
{
    DIR *runs = opendir(folder);
    struct dirent *entry;

    while (runs != NULL && (entry = readdir(runs)) != NULL) {
        if (entry->d_type != DT_REG && remapped_is_run_name(entry->d_name))
            search_run(s, folder, entry->d_name, true);
    }
    if (runs != NULL)
        closedir(runs);
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
    static char buf[SOCK_DIAG_MAX];
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, s->netns, &all, buf, sizeof(buf));
    while (sock_diag_next(&dump, &socket)) {
        s->sockets = memory_grow(s->sockets, s->count, sizeof(socket));
        s->sockets[s->count++] = socket;
    }
    if (!sock_diag_end(&dump))
        message_die(STATUS_UNAVAILABLE,
                    "the kernel does not list its sockets: %s: load the modules tcp_diag and "
                    "udp_diag",
                    strerror(errno));
}

void remapped_find(const char *run, bool with_processes, struct remapped_list *all)
{
    struct search s = {.netns = netns_own(), .all = all};

    *all = (struct remapped_list){NULL, 0};
    list_sockets(&s);
    for (const char *const *folder = find_folders(); *folder != NULL; folder++) {
        search_run(&s, *folder, run != NULL ? run : "", folder[1] != NULL);
        if (run == NULL)
            search_all_runs(&s, *folder);
    }
    free(s.sockets);
    if (with_processes)
        find_processes(all);
}
