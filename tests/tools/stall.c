/*
 * stall KIND: a static program with two processes, which only the notify engine sees. One makes its
 * own calls take long in the way of KIND. The other binds port 80 for a second, and prints
 *
 *   worst N us, noise N us, N binds, N failed
 *
 * N of the longest bind, and of the longest that a sleep took more than it should: what the machine
 * itself makes a process wait. Exits 77 if the kernel does not offer what KIND needs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LACKING = 77, PAGE = 4096 };

static struct sockaddr_in address(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bind_to(int fd, int port)
{
    struct sockaddr_in name = address(port);
    return bind(fd, (struct sockaddr *)&name, sizeof(name));
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return fd;
}

static void start_thread(void *(*run)(void *), intptr_t number)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_create(&thread, &attributes, run, (void *)number);
    pthread_attr_destroy(&attributes);
}

/* Tells the other process that calls stall from now on. */
static int begun[2];

static void begin(void)
{
    (void)!write(begun[1], "", 1);
}

/* ---- memory that is never there (userfaultfd(2)) ---- */

#ifndef USERFAULTFD_IOC_NEW /* Linux 6.1 */
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0)
#endif

/* The shell that starts this may have left the device open as 9. */
static int open_userfaultfd(void)
{
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC), device = open("/dev/userfaultfd", O_RDWR);

    if (fd < 0)
        fd = ioctl(device >= 0 ? device : 9, USERFAULTFD_IOC_NEW, O_CLOEXEC);
    if (fd < 0)
        exit(LACKING);
    return fd;
}

static char *absent_memory(void)
{
    struct uffdio_api api = {.api = UFFD_API};
    int fd = open_userfaultfd();
    char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(uintptr_t)at, PAGE},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};

    if (ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &range) != 0)
        exit(LACKING);
    return at;
}

static char *absent;

static void *bind_absent(void *unused)
{
    (void)unused;
    (void)bind(new_socket(), (struct sockaddr *)absent, sizeof(struct sockaddr_in));
    return NULL;
}

/* The address is there. Many threads, as one has a further one beside it. */
static void stall_memory(void)
{
    absent = absent_memory();
    for (int i = 0; i < 50; i++)
        start_thread(bind_absent, i);
    begin();
}

/* ---- a socket that is locked: the kernel copies from the same memory meanwhile ---- */

static int locked;

static void *send_absent(void *unused)
{
    (void)unused;
    send(locked, absent, PAGE, 0);
    return NULL;
}

_Noreturn static void *bind_locked(void *unused)
{
    (void)unused;
    for (;;)
        bind_to(locked, 81);
}

static void stall_lock(void)
{
    struct sockaddr_in name;
    socklen_t len = sizeof(name);
    int server = new_socket();

    absent = absent_memory();
    locked = new_socket();
    listen(server, 1);
    getsockname(server, (struct sockaddr *)&name, &len);
    (void)connect(locked, (struct sockaddr *)&name, len);
    start_thread(bind_locked, 0);
    start_thread(send_absent, 0);
    begin();
}

/* ---- the last close of a socket waits (SO_LINGER in socket(7)) ---- */

static int lingering[16];

_Noreturn static void *name_lingering(void *number)
{
    struct sockaddr_in name;

    for (;;) {
        socklen_t len = sizeof(name);
        getpeername(lingering[(intptr_t)number], (struct sockaddr *)&name, &len);
    }
}

static void *close_lingering(void *number)
{
    usleep(100000);
    close(lingering[(intptr_t)number]);
    return NULL;
}

static void stall_close(void)
{
    static char data[1 << 16];
    struct linger linger = {1, 2};
    int server = new_socket();

    bind_to(server, 82);
    listen(server, 64);
    for (intptr_t i = 0; i < 16; i++) {
        struct sockaddr_in name = address(82);
        lingering[i] = new_socket();
        (void)connect(lingering[i], (struct sockaddr *)&name, sizeof(name));
        while (send(lingering[i], data, sizeof(data), MSG_DONTWAIT) > 0)
            continue;
        setsockopt(lingering[i], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        start_thread(name_lingering, i);
        start_thread(close_lingering, i);
    }
    begin();
}

/* ---- standard error is a pipe that becomes full at any time ---- */

static int pipe_ends[2];
static atomic_uint begun_binds;

/* Makes room when a bind begins, and takes it away at some time in it. */
_Noreturn static void *fill(void *unused)
{
    static char data[PAGE];
    int end = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK);
    unsigned seen = 0, number = 1;

    (void)unused;
    (void)!write(end, data, sizeof(data));
    for (;;) {
        while (begun_binds == seen)
            continue;
        seen = begun_binds;
        number = number * 1103515245 + 12345;
        (void)!read(pipe_ends[0], data, sizeof(data));
        for (volatile unsigned i = 0; i < number / 65536 % 16384; i++)
            continue;
        (void)!write(end, data, sizeof(data));
    }
}

/* A line is written for each bind. */
_Noreturn static void *bind_again(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = new_socket();
        begun_binds++;
        bind_to(fd, 84);
        close(fd);
    }
}

static void stall_pipe(void)
{
    (void)!pipe(pipe_ends);
    fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
    fcntl(pipe_ends[1], F_SETPIPE_SZ, PAGE);
    dup2(pipe_ends[1], STDERR_FILENO);
    start_thread(fill, 0);
    start_thread(bind_again, 0);
    begin();
}

/* ---- the process that has a port is looked for among all ---- */

/* Each bind is refused, and reported if it is not one of those that were reported last. */
_Noreturn static void *fail_to_bind(void *unused)
{
    (void)unused;
    for (int i = 0;; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bind_to(fd, 100 + i % 16);
        close(fd);
    }
}

static void stall_search(void)
{
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            pause();
        }
    }
    for (int i = 0; i < 16; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        bind_to(fd, 100 + i);
        listen(fd, 1);
    }
    for (int i = 0; i < 20; i++)
        start_thread(fail_to_bind, i);
    begin();
}

/* ---- three hundred threads connect to a server that accepts none ---- */

_Noreturn static void *connect_to_full(void *unused)
{
    struct timeval timeout = {.tv_usec = 50000};
    struct sockaddr_in name = address(83);

    (void)unused;
    for (;;) {
        int fd = new_socket();
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        (void)connect(fd, (struct sockaddr *)&name, sizeof(name));
        close(fd);
    }
}

static void stall_connect(void)
{
    int server = new_socket();

    bind_to(server, 83);
    listen(server, 0);
    for (int i = 0; i < 300; i++)
        start_thread(connect_to_full, i);
    begin();
}

/* ---- the other process ---- */

static int64_t microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void keep_longest(int64_t *longest, int64_t time)
{
    if (time > *longest)
        *longest = time;
}

static void measure(void)
{
    enum { TIME = 1000000, PAUSE = 500 };
    int64_t end = microseconds() + TIME, worst = 0, noise = 0;
    int binds = 0, failed = 0;

    while (microseconds() < end) {
        int fd = new_socket();
        int64_t start = microseconds();
        failed += bind_to(fd, 80) != 0;
        keep_longest(&worst, microseconds() - start);
        close(fd);
        binds++;
        start = microseconds();
        usleep(PAUSE);
        keep_longest(&noise, microseconds() - start - PAUSE);
    }
    printf("worst %lld us, noise %lld us, %d binds, %d failed\n", (long long)worst,
           (long long)noise, binds, failed);
}

static void stall_nothing(void)
{
    begin();
}

static const struct {
    const char *name;
    void (*stall)(void);
} KINDS[] = {
    {"nothing", stall_nothing}, {"memory", stall_memory}, {"lock", stall_lock},
    {"close", stall_close},     {"pipe", stall_pipe},     {"search", stall_search},
    {"connect", stall_connect},
};

_Noreturn static void run(const char *name)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (strcmp(KINDS[i].name, name) == 0)
            KINDS[i].stall();
    }
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    char byte;
    int status;

    if (argc != 2 || pipe(begun) != 0)
        return 64;
    pid_t other = fork();
    if (other == 0)
        run(argv[1]);
    close(begun[1]);
    if (read(begun[0], &byte, 1) == 1) {
        usleep(150000); /* what it has begun is under way then */
        measure();
        kill(other, SIGKILL);
    }
    waitpid(other, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
