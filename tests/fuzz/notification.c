/*
 * A stopped call with any arguments, of this very process: each handler answers it once, leaves no
 * descriptor open, and survives addresses that lie, end or are not there. What the kernel is asked
 * about the call itself, this file answers (__wrap_ioctl).
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "input.h"
#include "notify/engine.h"
#include "notify/handler.h"

enum { LISTENER = 1 << 20, PAGE = 4096, SOCKETS = 6 };

static unsigned answers;
static bool is_over; /* the thread is no longer in the call */

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list rest;

    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (fd != LISTENER)
        return __real_ioctl(fd, request, argument);
    answers += request == SECCOMP_IOCTL_NOTIF_SEND;
    errno = ENOENT;
    return is_over ? -1 : 0;
}

/* Two pages of memory, of which the second cannot be accessed. */
static char *new_memory(void)
{
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory + PAGE, PAGE, PROT_NONE) != 0)
        abort();
    return memory;
}

static int new_socket(unsigned kind)
{
    int domain = kind % 2 == 0 ? AF_INET : AF_INET6;

    switch (kind / 2) {
    case 0:
        return socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0);
    case 1:
        return socket(domain, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    default:
        return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    }
}

/* An address in the memory, near its end, behind it, or any number. */
static uint64_t input_address(struct input *in, char *memory)
{
    switch (input_below(in, 6)) {
    case 0:
        return input_number(in, 8);
    case 1:
        return 0;
    case 2:
        return (uintptr_t)memory + PAGE - input_below(in, 64);
    default:
        return (uintptr_t)memory + input_below(in, 128) * 8;
    }
}

static uint64_t input_size(struct input *in)
{
    static const uint64_t sizes[] = {16, 28, 0, 2, 128, 129, UINT32_MAX, UINT64_MAX};
    unsigned choice = input_below(in, 16);
    return choice < 8 ? sizes[choice] : input_number(in, 1);
}

/* Addresses and sizes lie in the memory, too. */
static void fill(struct input *in, char *memory)
{
    for (unsigned i = 0; i < 16; i++) {
        struct addr addr = input_addr(in);
        struct sockaddr_in6 name = {.sin6_family = addr.family};
        (void)endpoint_to_sockaddr(&addr, input_port(in), (struct sockaddr *)&name);
        memcpy(memory + (size_t)i * 64, &name, sizeof(name));
    }
    for (unsigned i = 0; i < 8; i++) {
        uint32_t size = (uint32_t)input_size(in);
        memcpy(memory + 1024 + (size_t)i * 4, &size, sizeof(size));
    }
    uint64_t word = input_number(in, 8);
    memcpy(memory + PAGE - sizeof(word), &word, sizeof(word));
}

static void start(void)
{
    setenv("REMAP_STATE", "off", 1);
    setenv("REMAP_LOG", "off", 1);
    notification_start();
    engine_start();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *memory;
    struct input in = {data, size};
    size_t handlers = 0;

    if (memory == NULL) {
        memory = new_memory();
        start();
    }
    while (handler_table[handlers].name != NULL)
        handlers++;
    fill(&in, memory);
    const struct handler *h = &handler_table[input_below(&in, (unsigned)handlers)];
    int fd = new_socket(input_below(&in, SOCKETS));
    struct notification n = {.listener = LISTENER,
                             .id = 1,
                             .tid = (pid_t)syscall(SYS_gettid),
                             .arch = (uint32_t)input_number(&in, 4),
                             .fd = -1};
    n.argument[0] = input_below(&in, 8) != 0 ? (uint64_t)fd : input_number(&in, 8);
    for (int i = 1; i < NOTIFICATION_ARGUMENTS; i++)
        n.argument[i] = input_below(&in, 2) != 0 ? input_address(&in, memory) : input_size(&in);
    is_over = input_below(&in, 8) == 0;
    answers = 0;
    const struct process *process = process_of(n.tid);
    if (process == NULL)
        return 0;
    engine_handle(process, &n);
    h->handle(&n);
    CHECK(answers == 1 && n.fd == -1);
    close(fd);
    return 0;
}
