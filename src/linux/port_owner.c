/*
 * /proc/net/tcp and its kin (proc(5)) list sockets, a line each:
 *
 *  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 31337 ...
 *     local         remote        state                                     uid    inode
 *
 * An address is one or four 32-bit words, each as the machine has it in memory.
 * Which process has the inode is then told by the links in /proc/PID/fd.
 */
#include "linux/port_owner.h"

#include <string.h>

#include "core/span.h"
#include "core/text.h"
#include "linux/folder.h"
#include "linux/lines.h"
#include "linux/sys.h"

enum {
    STATE_LISTEN = 0x0a, /* TCP_LISTEN */
    STATE_CLOSE = 0x07,  /* TCP_CLOSE: of UDP, a socket that is bound and not connected */
};

struct listing {
    enum proto proto;
    uint8_t family;
    unsigned state;
    const char *path;
};

static const struct listing LISTINGS[] = {
    {PROTO_TCP, AF_INET, STATE_LISTEN, "/proc/thread-self/net/tcp"},
    {PROTO_TCP, AF_INET6, STATE_LISTEN, "/proc/thread-self/net/tcp6"},
    {PROTO_UDP, AF_INET, STATE_CLOSE, "/proc/thread-self/net/udp"},
    {PROTO_UDP, AF_INET6, STATE_CLOSE, "/proc/thread-self/net/udp6"},
};

static uint64_t number_in(struct span s, unsigned base)
{
    uint64_t number = 0;

    for (; s.at < s.end; s.at++) {
        char c = *s.at;
        unsigned digit = c >= 'A' ? (unsigned)(c - 'A') + 10 : (unsigned)(c - '0');
        number = number * base + digit;
    }
    return number;
}

/* "0100007F:1F90" */
static bool read_local(struct span word, uint8_t family, struct endpoint *e)
{
    const char *colon = span_find(word, ':');
    size_t words = family == AF_INET ? 1 : 4;

    if (colon == NULL || (size_t)(colon - word.at) != words * 8)
        return false;
    e->addr = (struct addr){.family = family};
    for (size_t i = 0; i < words; i++) {
        struct span hex = {word.at + i * 8, word.at + i * 8 + 8};
        uint32_t part = (uint32_t)number_in(hex, 16);
        memcpy(e->addr.bytes + i * sizeof(part), &part, sizeof(part));
    }
    e->port = (uint16_t)number_in((struct span){colon + 1, word.end}, 16);
    return true;
}

/* ---- sockets ---- */

/* Whether the line is of a socket that is in the way of `actual`. */
static bool read_line(struct span line, const struct listing *listing,
                      const struct endpoint *actual, struct port_owner *h)
{
    struct endpoint local;

    lines_take_word(&line); /* sl */
    if (!read_local(lines_take_word(&line), listing->family, &local) ||
        local.port != actual->port || !addr_overlap(&local.addr, &actual->addr))
        return false;
    lines_take_word(&line); /* remote */
    if (number_in(lines_take_word(&line), 16) != listing->state)
        return false;
    lines_take_word(&line); /* queues */
    lines_take_word(&line); /* timer */
    lines_take_word(&line); /* retransmissions */
    *h = (struct port_owner){.uid = (uid_t)number_in(lines_take_word(&line), 10)};
    lines_take_word(&line); /* timeout */
    h->inode = number_in(lines_take_word(&line), 10);
    return true;
}

static bool search_listing(const struct listing *listing, const struct endpoint *actual,
                           struct port_owner *h)
{
    struct lines lines;
    struct span line;
    bool found = false;

    if (!lines_open(&lines, listing->path))
        return false;
    while (!found && lines_next(&lines, &line))
        found = read_line(line, listing, actual, h);
    lines_close(&lines);
    return found;
}

bool port_owner_find_socket(const struct endpoint *actual, struct port_owner *h)
{
    for (size_t i = 0; i < sizeof(LISTINGS) / sizeof(LISTINGS[0]); i++) {
        if (LISTINGS[i].proto == actual->proto && search_listing(&LISTINGS[i], actual, h))
            return true;
    }
    return false;
}

/* ---- processes ---- */

static void write_path(char *buf, size_t size, const char *process, const char *rest)
{
    struct text path;

    text_init(&path, buf, size);
    text_string(&path, "/proc/");
    text_string(&path, process);
    text_string(&path, rest);
}

static bool process_has(const char *process, const char *wanted_link)
{
    char path[64], link[64];
    const char *name;
    bool has = false;

    write_path(path, sizeof(path), process, "/fd");
    struct folder fds;
    if (!folder_open(&fds, path))
        return false;
    while (!has && (name = folder_next(&fds)) != NULL) {
        ssize_t size = sys_readlinkat(fds.fd, name, link, sizeof(link));
        has = size == (ssize_t)strlen(wanted_link) && memcmp(link, wanted_link, (size_t)size) == 0;
    }
    folder_close(&fds);
    return has;
}

/* `process` is as in /proc: a number, or "self". */
static void read_program(const char *process, char program[16])
{
    char path[64];
    ssize_t size = 0;

    write_path(path, sizeof(path), process, "/comm");
    int fd = sys_open(path, O_RDONLY);
    if (fd >= 0) {
        size = sys_read(fd, program, 16);
        sys_close(fd);
    }
    program[size > 0 ? size - 1 : 0] = '\0'; /* in the place of the newline */
}

void port_owner_read_program(pid_t pid, char program[16])
{
    char process[16];
    struct text digits;

    text_init(&digits, process, sizeof(process));
    text_number(&digits, (unsigned long)pid);
    read_program(process, program);
}

static pid_t pid_of(const char *name)
{
    struct span digits = {name, name + strlen(name)};
    return *name >= '0' && *name <= '9' ? (pid_t)number_in(digits, 10) : 0;
}

void port_owner_find_process(struct port_owner *h)
{
    char link[64];
    struct text out;
    const char *name;

    text_init(&out, link, sizeof(link));
    text_string(&out, "socket:[");
    text_number(&out, h->inode);
    text_char(&out, ']');

    h->pid = 0;
    h->program[0] = '\0';
    if (process_has("self", link)) {
        h->pid = sys_getpid();
        read_program("self", h->program);
        return;
    }
    struct folder processes;
    if (!folder_open(&processes, "/proc"))
        return;
    while (h->pid == 0 && (name = folder_next(&processes)) != NULL) {
        if (pid_of(name) != 0 && process_has(name, link)) {
            read_program(name, h->program);
            h->pid = pid_of(name);
        }
    }
    folder_close(&processes);
}
