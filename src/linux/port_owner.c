/*
 * /proc/PID/net/tcp and its kin (proc(5)) list sockets, a line each:
 *
 *  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 31337 ...
 *     local         remote        state                                     uid    inode
 *
 * An address is one or four 32-bit words, each as the machine has it in memory. The links in
 * /proc/PID/fd tell which process has the inode.
 */
#include "linux/port_owner.h"

#include <string.h>

#include "linux/sys.h"

/* ---- sockets ---- */

enum {
    STATE_CLOSE = 0x07, /* of UDP: bound, and not connected */
    STATE_LISTEN = 0x0a,
};

/* Reads "0100007F:1F90". */
static bool parse_local(struct span word, uint8_t family, struct port_owner_line *l)
{
    enum { DIGITS = 8 }; /* of a word of the address */
    const char *colon = span_find(word, ':');
    size_t count = family == AF_INET ? 1 : 4;
    uint64_t number;

    if (colon == NULL || (size_t)(colon - word.at) != count * DIGITS)
        return false;
    l->addr = (struct addr){.family = family};
    for (size_t i = 0; i < count; i++) {
        const char *at = word.at + i * DIGITS;
        if (!procfs_number((struct span){at, at + DIGITS}, 16, &number))
            return false;
        uint32_t part = (uint32_t)number;
        memcpy(l->addr.bytes + i * sizeof(part), &part, sizeof(part));
    }
    if (!procfs_number((struct span){colon + 1, word.end}, 16, &number) || number > UINT16_MAX)
        return false;
    l->port = (uint16_t)number;
    return true;
}

bool port_owner_parse(struct span line, uint8_t family, struct port_owner_line *l)
{
    enum { NUMBER, LOCAL, REMOTE, STATE, QUEUES, TIMER, RETRIES, UID, TIMEOUT, INODE, WORDS };
    struct span word[WORDS];
    uint64_t state, uid, inode;

    for (int i = 0; i < WORDS; i++)
        word[i] = span_word(&line);
    if (!parse_local(word[LOCAL], family, l) || !procfs_number(word[STATE], 16, &state) ||
        !procfs_number(word[UID], 10, &uid) || !procfs_number(word[INODE], 10, &inode))
        return false;
    l->state = (unsigned)state;
    l->uid = (uint32_t)uid;
    l->inode = (uint32_t)inode;
    return true;
}

static const struct listing {
    enum proto proto;
    uint8_t family;
    unsigned state;
    const char *file;
} LISTINGS[] = {
    {PROTO_TCP, AF_INET, STATE_LISTEN, "net/tcp"},
    {PROTO_TCP, AF_INET6, STATE_LISTEN, "net/tcp6"},
    {PROTO_UDP, AF_INET, STATE_CLOSE, "net/udp"},
    {PROTO_UDP, AF_INET6, STATE_CLOSE, "net/udp6"},
};

static bool search_listing(pid_t viewer, const struct listing *listing,
                           const struct endpoint *actual, struct port_owner *owner)
{
    char path[PROCFS_PATH_MAX];
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    struct port_owner_line l;
    struct span line;

    procfs_path(path, viewer, listing->file);
    bool is_open = procfs_open_lines(&lines, path);
    while (is_open && procfs_next_line(&lines, &line)) {
        if (port_owner_parse(line, listing->family, &l) && l.port == actual->port &&
            l.state == listing->state && addr_overlap(&l.addr, &actual->addr)) {
            *owner = (struct port_owner){.inode = l.inode, .uid = l.uid, .first = viewer};
            return true;
        }
    }
    return false;
}

bool port_owner_find_socket(pid_t viewer, const struct endpoint *actual, struct port_owner *owner)
{
    for (size_t i = 0; i < sizeof(LISTINGS) / sizeof(LISTINGS[0]); i++) {
        if (LISTINGS[i].proto == actual->proto &&
            search_listing(viewer, &LISTINGS[i], actual, owner))
            return true;
    }
    return false;
}

/* ---- processes ---- */

struct search {
    struct port_owner *owners;
    size_t count;
    size_t unseen;                 /* owners without a process */
    char program[PROCFS_NAME_MAX]; /* of the process that is looked into; empty until needed */
};

/* Returns the place of the first owner whose inode is not below `inode`. */
static size_t find_inode(const struct search *s, uint64_t inode)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->owners[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Notes the process, 0 for this one, as that of the owners with an inode. */
static void note(struct search *s, uint64_t inode, pid_t process)
{
    for (size_t i = find_inode(s, inode); i < s->count && s->owners[i].inode == inode; i++) {
        if (s->owners[i].pid != 0)
            continue;
        s->owners[i].pid = process != 0 ? process : sys_getpid();
        if (s->program[0] == '\0')
            procfs_name(process, s->program);
        memcpy(s->owners[i].program, s->program, sizeof(s->program));
        s->unseen--;
    }
}

static void look_into(struct search *s, pid_t process)
{
    char path[PROCFS_PATH_MAX];
    struct procfs_folder fds;
    const char *name;

    s->program[0] = '\0';
    procfs_path(path, process, "fd");
    if (!procfs_open_folder(&fds, path))
        return;
    while (s->unseen > 0 && (name = procfs_next_name(&fds)) != NULL) {
        uint64_t inode = procfs_socket(&fds, name);
        if (inode != 0)
            note(s, inode, process);
    }
    procfs_close_folder(&fds);
}

void port_owner_find_processes(struct port_owner *owners, size_t count)
{
    struct search s = {.owners = owners, .count = count, .unseen = count};
    struct procfs_folder processes;
    pid_t process;

    for (size_t i = 0; i < count; i++) {
        bool is_looked_at = i > 0 && owners[i].first == owners[i - 1].first;
        if (owners[i].pid == 0 && !is_looked_at)
            look_into(&s, owners[i].first);
    }
    if (s.unseen == 0 || !procfs_open_folder(&processes, "/proc"))
        return;
    while (s.unseen > 0 && (process = procfs_next_process(&processes)) != 0)
        look_into(&s, process);
    procfs_close_folder(&processes);
}

void port_owner_format(const struct port_owner *owner, struct text *out)
{
    if (owner->pid != 0) {
        text_printable(out, owner->program, strlen(owner->program));
        text_string(out, " (pid ");
        text_number(out, (unsigned long)owner->pid);
    } else {
        text_string(out, "another process (uid ");
        text_number(out, owner->uid);
    }
    text_char(out, ')');
}
