/*
 * births: a static program that makes processes and threads in all manners; each binds to port
 * 80, asks where it is, and must hear 80. Prints the manners that failed, and how many there
 * were. `births ask` does no more than bind and ask; `births same` makes no namespaces. Before Linux 6.9
 * (PIDFD_THREAD), threads that do not share the descriptors of their process are left out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEPTH = 60, STACK = 64 * 1024 };

static char *self;
static char stack[STACK];

/* 0, or what went wrong. */
static int ask(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(80),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
                       told = {0};
    socklen_t size = sizeof(told);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* others may do the same at once */
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 ||
        getsockname(fd, (struct sockaddr *)&told, &size) != 0)
        return errno;
    close(fd);
    return told.sin_port == name.sin_port ? 0 : 255;
}

static int execute(void)
{
    char *const arguments[] = {self, "ask", NULL};

    execv(self, arguments);
    return errno;
}

static int ask_in_clone(void *unused)
{
    (void)unused;
    _exit(ask());
}

static void *execute_in_thread(void *unused)
{
    (void)unused;
    _exit(execute());
}

static void *ask_later(void *unused)
{
    (void)unused;
    usleep(50 * 1000); /* its process has lost its first thread by now, or soon */
    _exit(ask());
}

static void *ask_with_own_descriptors(void *unused)
{
    (void)unused;
    _exit(unshare(CLONE_FILES) != 0 ? errno : ask());
}

static int in_thread(void *(*function)(void *))
{
    pthread_t thread;

    pthread_create(&thread, NULL, function, NULL);
    pthread_join(thread, NULL);
    return 255;
}

static int without_first_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, ask_later, NULL);
    pthread_exit(NULL);
}

static int in_depth(int depth)
{
    int status;

    if (depth == 0)
        return ask();
    pid_t child = fork();
    if (child == 0)
        _exit(in_depth(depth - 1));
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static int without_descriptors(void)
{
    syscall(__NR_close_range, 0, ~0U, 0);
    return ask();
}

static pid_t clone_with(int flags)
{
    return clone(ask_in_clone, stack + sizeof(stack), flags, NULL);
}

/* What becomes of a child of fork(2). */
static int child_of(const char *manner)
{
    if (strcmp(manner, "exec") == 0)
        return execute();
    if (strcmp(manner, "exec by a thread") == 0)
        return in_thread(execute_in_thread);
    if (strcmp(manner, "a first thread that has ended") == 0)
        return without_first_thread();
    if (strcmp(manner, "a thread with descriptors of its own") == 0)
        return in_thread(ask_with_own_descriptors);
    if (strcmp(manner, "all descriptors closed") == 0)
        return without_descriptors();
    if (strcmp(manner, "deep") == 0)
        return in_depth(DEPTH);
    return ask();
}

static pid_t vfork_and(bool executes)
{
    pid_t child = vfork();

    if (child == 0)
        _exit(executes ? execute() : ask());
    return child;
}

static pid_t spawn(void)
{
    char *const arguments[] = {self, "ask", NULL}, *const environment[] = {NULL};
    pid_t child;

    return posix_spawn(&child, self, NULL, NULL, arguments, environment) == 0 ? child : -1;
}

static pid_t make(const char *manner)
{
    if (strcmp(manner, "vfork") == 0)
        return vfork_and(false);
    if (strcmp(manner, "vfork and exec") == 0)
        return vfork_and(true);
    if (strcmp(manner, "posix_spawn") == 0)
        return spawn();
    if (strcmp(manner, "clone with memory") == 0)
        return clone_with(CLONE_VM | SIGCHLD);
    if (strcmp(manner, "clone with memory, descriptors and folder") == 0)
        return clone_with(CLONE_VM | CLONE_FILES | CLONE_FS);
    if (strcmp(manner, "clone into namespaces") == 0)
        return clone_with(CLONE_NEWUSER | CLONE_NEWPID | SIGCHLD);
    pid_t child = fork();
    if (child == 0)
        _exit(child_of(manner));
    return child;
}

static const char *const MANNERS[] = {
    "fork",
    "exec",
    "vfork",
    "vfork and exec",
    "posix_spawn",
    "clone with memory",
    "clone with memory, descriptors and folder",
    "clone into namespaces",
    "exec by a thread",
    "a first thread that has ended",
    "a thread with descriptors of its own",
    "all descriptors closed",
    "deep",
};

int main(int argc, char **argv)
{
    enum { COUNT = sizeof(MANNERS) / sizeof(MANNERS[0]) };
    int failures = 0, pidfd = (int)syscall(SYS_pidfd_open, getpid(), O_EXCL);
    bool has_thread_pidfd = pidfd >= 0;

    close(pidfd);
    self = argv[0];
    if (argc > 1 && strcmp(argv[1], "ask") == 0)
        return ask();
    for (int i = 0; i < COUNT; i++) {
        int status = 0;
        if (argc > 1 && strstr(MANNERS[i], "namespaces") != NULL)
            continue;
        if (!has_thread_pidfd && strstr(MANNERS[i], "thread ") != NULL)
            continue;
        pid_t child = make(MANNERS[i]);
        if (child > 0 && waitpid(child, &status, __WALL) == child && status == 0)
            continue;
        printf("%s: pid %d, status %x\n", MANNERS[i], (int)child, (unsigned)status);
        failures++;
    }
    printf("%d of %d failed\n", failures, COUNT);
    return 0;
}
