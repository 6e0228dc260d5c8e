/*
 * spawn [OPTION]... HOW PATH [ARGUMENT]...: starts a program in a child, by the function HOW, with
 * an environment that is empty unless options fill it, and says how that went.
 *
 *   HOW          execve execv execvp execvpe execl execlp execle fexecve execveat posix_spawn
 *                posix_spawnp; execveat-fd: of an open file; execveat-at: relative to a
 *                folder; execve-call and execveat-call: by syscall(2)
 *   -i           the environment of spawn itself, first of all
 *   -e VARIABLE  one more
 *   -m COUNT     so many more
 *   -l SIZE      one more, of that size
 *   -b WHAT      a bad one: nullargv nullenvp path argv envp argument variable;
 *               or an empty path
 *   -a           with no argument at all
 *   -u FILE      which is removed first
 *   -v           in a child of vfork(2), twice; and looks for what that has changed in the
 *                memory of the parent and of libremap.so
 *   -s           in a signal handler, on an alternate stack of 8 KB
 *   -t           in a thread with the smallest stack
 *
 * The arrays and strings that are passed lie in memory that may not be written to. Whoever
 * calls malloc in between is ended.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"

enum { ROOM = 1 << 24, ALTERNATE_STACK = 8192, MARK = 4242 };

extern void *__libc_malloc(size_t size);
static volatile bool forbids_malloc;

void *malloc(size_t size)
{
    if (forbids_malloc)
        abort();
    return __libc_malloc(size);
}

/* What is passed, and where it is put together. */
static const char *how, *path;
static char **arguments, **variables;
static size_t variable_count;
static char *arena;
static size_t used;

static void *take(size_t size)
{
    void *part = arena + used;
    used += (size + 15) & ~(size_t)15;
    if (used > ROOM)
        abort();
    return part;
}

static char *copy(const char *string)
{
    size_t size = strlen(string) + 1;
    return memcpy(take(size), string, size);
}

static void add_variable(const char *variable)
{
    variables[variable_count++] = copy(variable);
}

static void add_many(int count)
{
    char variable[32];

    for (int i = 0; i < count; i++) {
        snprintf(variable, sizeof(variable), "V%d=", i);
        add_variable(variable);
    }
}

static void add_large(size_t size)
{
    char *variable = take(size + 1);

    memset(variable, 'x', size);
    variable[1] = '=';
    variables[variable_count++] = variable;
}

/* An address that nothing may be read from. */
static void *hole(void)
{
    return mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void spoil(const char *what)
{
    if (strcmp(what, "nullargv") == 0)
        arguments = NULL;
    else if (strcmp(what, "nullenvp") == 0)
        variables = NULL;
    else if (strcmp(what, "empty") == 0)
        path = "";
    else if (strcmp(what, "path") == 0)
        path = hole();
    else if (strcmp(what, "argv") == 0)
        arguments = hole();
    else if (strcmp(what, "envp") == 0)
        variables = hole();
    else if (strcmp(what, "argument") == 0)
        arguments[0] = hole();
    else if (strcmp(what, "variable") == 0)
        variables[0] = hole();
}

/* ---- the functions ---- */

/* NULL is for the kernel to see. NOLINTBEGIN(clang-analyzer-core.NonNullParamChecker) */

static int by_list(void)
{
    char **a = arguments;
    size_t count = 0;

    while (a[count] != NULL)
        count++;
    if (count > 3)
        return -1;
    const char *one = count > 0 ? a[0] : NULL, *two = count > 1 ? a[1] : NULL;
    const char *three = count > 2 ? a[2] : NULL;
    if (strcmp(how, "execl") == 0)
        return execl(path, one, two, three, NULL);
    if (strcmp(how, "execlp") == 0)
        return execlp(path, one, two, three, NULL);
    /* The environment is behind the first NULL. */
    if (count == 3)
        return execle(path, one, two, three, NULL, variables);
    return count == 2 ? execle(path, one, two, NULL, variables)
                      : execle(path, one, NULL, variables);
}

/* Of libc since glibc 2.34, else of libremap.so or the system call. */
static int (*at)(int, const char *, char *const *, char *const *, int);

static int at_by_call(int folder, const char *name, char *const *argv, char *const *envp, int flags)
{
    return (int)syscall(SYS_execveat, folder, name, argv, envp, flags);
}

static void find_at(void)
{
    *(void **)&at = dlsym(RTLD_DEFAULT, "execveat");
    if (at == NULL)
        at = at_by_call;
}

static int by_descriptor(void)
{
    int fd = open(path, O_RDONLY), folder = open(".", O_PATH | O_DIRECTORY);

    if (strcmp(how, "fexecve") == 0)
        return fexecve(fd, arguments, variables);
    if (strcmp(how, "execveat") == 0)
        return at(AT_FDCWD, path, arguments, variables, 0);
    if (strcmp(how, "execveat-at") == 0)
        return at(folder, path, arguments, variables, 0);
    if (strcmp(how, "execveat-call") == 0)
        return at_by_call(fd, "", arguments, variables, AT_EMPTY_PATH);
    return at(fd, "", arguments, variables, AT_EMPTY_PATH);
}

/* Here a function returns an error, and the child is another than ours. */
static int by_spawn(void)
{
    pid_t child;
    int status, error = strcmp(how, "posix_spawn") == 0
                            ? posix_spawn(&child, path, NULL, NULL, arguments, variables)
                            : posix_spawnp(&child, path, NULL, NULL, arguments, variables);

    if (error == 0) {
        waitpid(child, &status, 0);
        _exit(0);
    }
    errno = error;
    return -1;
}

static int call(void)
{
    if (strcmp(how, "execve") == 0)
        return execve(path, arguments, variables);
    if (strcmp(how, "execvpe") == 0)
        return execvpe(path, arguments, variables);
    if (strcmp(how, "execve-call") == 0)
        return (int)syscall(SYS_execve, path, arguments, variables);
    if (strncmp(how, "posix", 5) == 0)
        return by_spawn();
    if (strncmp(how, "execveat", 8) == 0 || strcmp(how, "fexecve") == 0)
        return by_descriptor();
    if (strcmp(how, "execle") == 0)
        return by_list();
    environ = variables;
    if (strcmp(how, "execv") == 0)
        return execv(path, arguments);
    if (strcmp(how, "execvp") == 0)
        return execvp(path, arguments);
    return by_list();
}

/* NOLINTEND(clang-analyzer-core.NonNullParamChecker) */

static void call_and_tell(void)
{
    static const char unchanged[] = "errno was not set";

    errno = MARK;
    forbids_malloc = true;
    int result = call(), error = errno;
    forbids_malloc = false;
    dprintf(STDOUT_FILENO, "%s %d %s\n", how, result,
            error == MARK ? unchanged : error_name(error));
    _exit(0);
}

/* ---- the places ---- */

static void handle(int signal)
{
    (void)signal;
    call_and_tell();
}

static void in_handler(void)
{
    stack_t stack = {.ss_sp = hole(), .ss_size = ALTERNATE_STACK};
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};

    stack.ss_sp =
        mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
}

static void *run(void *unused)
{
    call_and_tell();
    return unused;
}

static void in_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN);
    pthread_create(&thread, &attributes, run, NULL);
    pthread_join(thread, NULL);
}

/* Adds to the sum, a uint64_t, what libremap.so may write to: its data and what follows that. */
static int sum_up(struct dl_phdr_info *object, size_t size, void *data)
{
    uint64_t *sum = data;

    (void)size;
    if (strstr(object->dlpi_name, "libremap") == NULL)
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        const unsigned char *byte = (const unsigned char *)(object->dlpi_addr + segment->p_vaddr);

        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
            continue;
        for (const unsigned char *end = byte + segment->p_memsz; byte < end; byte++)
            *sum = (*sum ^ *byte) * UINT64_C(0x100000001b3);
    }
    return 0;
}

static uint64_t sum_of_library(void)
{
    uint64_t sum = 0;

    dl_iterate_phdr(sum_up, &sum);
    return sum;
}

static void start_by_vfork(void)
{
    pid_t child = vfork();

    if (child == 0)
        call_and_tell();
    forbids_malloc = false;
    waitpid(child, NULL, 0);
}

static void in_vfork_child(void)
{
    char **environment = environ;
    int state;

    start_by_vfork(); /* what is remembered of the caller's memory may be written once */
    uint64_t before = sum_of_library();
    start_by_vfork();
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    if (sum_of_library() != before)
        puts("the library has changed");
    if (state != PTHREAD_CANCEL_ENABLE)
        puts("threads cannot be cancelled any more");
    if (environ != environment && strcmp(how, "execve") == 0)
        puts("environ has changed");
}

static int usage(void)
{
    fputs("usage: spawn [-i] [-e VARIABLE] [-m COUNT] [-l SIZE] [-b WHAT] [-a] [-u FILE] "
          "[-v|-s|-t] HOW PATH "
          "[ARGUMENT]...\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *bad = "";
    bool has_none = false;
    int option, place = 0;

    find_at();
    arena = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    variables = take(500000 * sizeof(*variables));
    while ((option = getopt(argc, argv, "+ie:m:l:b:au:vst")) != -1) {
        switch (option) {
        case 'i':
            for (char **variable = environ; *variable != NULL; variable++)
                add_variable(*variable);
            break;
        case 'e':
            add_variable(optarg);
            break;
        case 'm':
            add_many(atoi(optarg));
            break;
        case 'l':
            add_large((size_t)atol(optarg));
            break;
        case 'b':
            bad = optarg;
            break;
        case 'u':
            unlink(optarg);
            break;
        case 'a':
            has_none = true;
            break;
        default:
            place = option;
        }
    }
    if (argc - optind < 2)
        return usage();
    how = argv[optind];
    path = copy(argv[optind + 1]);
    arguments = take((size_t)argc * sizeof(*arguments));
    for (int i = optind + 1; i < argc && !has_none; i++)
        arguments[i - optind - 1] = copy(argv[i]);
    spoil(bad);
    mprotect(arena, ROOM, PROT_READ);

    if (place == 'v') {
        in_vfork_child();
        return 0;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (place == 's')
            in_handler();
        else if (place == 't')
            in_thread();
        else
            call_and_tell();
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        printf("ended by SIG%s\n", signal_name(WTERMSIG(status)));
    return 0;
}
