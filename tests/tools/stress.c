/*
 * stress SECONDS [SEED]: eight processes in one registry, against an oracle that knows what lives. They
 * bind, listen, close, connect, keep connections without their listeners, fork, hand their sockets to
 * a child, execute themselves with another table, and are killed at any moment. Prints counts, and
 * each answer that was wrong, to stderr. Ends with 0 if there was none.
 *
 * The oracle is shared memory: the sockets of each worker, with the endpoint that each asked for. A worker
 * has addresses of its own, so that the kernel never refuses a bind. Ports are shared: the tables
 * of the workers send different asked ports to one actual port, and others bind that port itself.
 *
 * Some endpoints are shared by all workers: each binds them any number of times, with SO_REUSEPORT. Such an
 * endpoint lives while one of its sockets does, and a client may reach any of these.
 *
 * A server is published after listen, and withdrawn before close and before its worker is
 * killed. What a client sees counts only if the server is still the same one afterwards.
 */
#include "stress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const COUNT_NAMES[STRESS_COUNTS] = {
    [BINDS] = "binds",
    [SHARED_BINDS] = "shared binds",
    [NAMES] = "names",
    [CONNECTIONS] = "connections",
    [ANSWERS] = "datagrams answered",
    [SHARED_ANSWERS] = "shared answers",
    [KEPT] = "kept",
    [REFUSED] = "refused",
    [FORKS] = "forks",
    [HANDOVERS] = "handed over",
    [EXECS] = "executed",
    [KILLS] = "killed",
    [DISCARDED] = "discarded",
    [UNREACHED] = "not reached",
    [LIES] = "lies",
};

struct stress_oracle *stress_oracle;
struct stress_worker *stress_own;
int stress_number;
static int memory;

static uint64_t next_random(uint64_t random)
{
    return random * 6364136223846793005U + 1442695040888963407U;
}

unsigned stress_chance(unsigned below)
{
    stress_own->random = next_random(stress_own->random);
    return (unsigned)(stress_own->random >> 33) % below;
}

void stress_add(enum stress_count what)
{
    stress_oracle->counts[what]++;
}

static void attach(const char *fd)
{
    memory = atoi(fd);
    stress_oracle =
        mmap(NULL, sizeof(*stress_oracle), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (stress_oracle == MAP_FAILED) {
        perror("stress: mmap");
        exit(2);
    }
}

static void become(int which)
{
    stress_number = which;
    stress_own = &stress_oracle->workers[which];
}

/* ---- what a worker does ---- */

static void fork_and_compare(void)
{
    pid_t child = fork();

    if (child == 0) {
        stress_compare_names();
        _exit(0);
    }
    stress_add(FORKS);
    waitpid(child, NULL, 0);
}

/* The child goes on, and has all sockets. Once the parent has ended, it has them alone, and may close them. */
static void hand_over(void)
{
    pid_t parent = getpid();

    stress_add(HANDOVERS);
    if (fork() > 0)
        _exit(0);
    stress_compare_names();
    while (getppid() == parent)
        usleep(100);
}

static void execute_again(void)
{
    char text[2][16];

    setenv("REMAP", stress_draw_table(), 1);
    snprintf(text[0], sizeof(text[0]), "%d", memory);
    snprintf(text[1], sizeof(text[1]), "%d", stress_number);
    stress_add(EXECS);
    execl("/proc/self/exe", "stress", "worker", text[0], text[1], NULL);
    perror("stress: exec");
    exit(2);
}

static void work(void)
{
    while (!stress_oracle->is_over) {
        struct stress_socket *s = &stress_own->sockets[stress_chance(STRESS_SOCKETS)];
        unsigned what = stress_chance(100);
        stress_serve();
        if (what < 30)
            stress_open(s);
        else if (what < 48)
            stress_close(s);
        else if (what < 58)
            stress_compare_names();
        else if (what < 88)
            stress_ask_server();
        else if (what < 92)
            stress_ask_nobody();
        else if (what < 96)
            stress_close_listener(s);
        else if (what < 98)
            fork_and_compare();
        else if (what < 99)
            hand_over();
        else
            execute_again();
    }
    stress_compare_names();
    exit(0);
}

/* ---- starting and killing workers ---- */

/* A worker and its children are a process group, and so are killed together. */
static pid_t start_worker(int which, uint64_t seed)
{
    pid_t child = fork();

    if (child == 0) {
        setpgid(0, 0);
        become(which);
        memset(stress_own->sockets, 0, sizeof(stress_own->sockets));
        for (int i = 0; i < STRESS_SHARED; i++)
            stress_own->changes[i] += stress_own->changes[i] % 2; /* killed in the middle */
        stress_own->random = seed;
        stress_chance(2);
        stress_own->incarnation++;
        execute_again();
    }
    setpgid(child, child);
    return child;
}

static void end_worker(int which, pid_t group, int signal)
{
    int status;

    if (signal != 0) {
        stress_oracle->workers[which].incarnation++;
        kill(-group, signal);
    }
    while (waitpid(-group, &status, 0) > 0 || errno == EINTR) {
        if ((WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) ||
            (WIFEXITED(status) && WEXITSTATUS(status) != 0)) {
            fprintf(stderr, "stress: worker %d ended with status %#x\n", which, status);
            stress_add(LIES);
        }
    }
}

static int run(unsigned seconds, uint64_t seed)
{
    pid_t groups[STRESS_WORKERS];
    struct timespec moment = {0, 0};
    uint64_t random = seed;
    time_t end = time(NULL) + (time_t)seconds;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    stress_oracle->token = STRESS_SHARED; /* those up to it are of the shared endpoints */
    for (int i = 0; i < STRESS_WORKERS; i++)
        groups[i] = start_worker(i, seed + (uint64_t)i * 7919);
    while (time(NULL) < end) {
        random = next_random(random);
        int which = (int)(random >> 40) % STRESS_WORKERS;
        moment.tv_nsec = (long)(random >> 34) % 80000000;
        nanosleep(&moment, NULL);
        end_worker(which, groups[which], SIGKILL);
        stress_add(KILLS);
        groups[which] = start_worker(which, random);
    }
    stress_oracle->is_over = true;
    for (int i = 0; i < STRESS_WORKERS; i++)
        end_worker(i, groups[i], 0);
    printf("seed %llu", (unsigned long long)seed);
    for (int i = 0; i < STRESS_COUNTS; i++)
        printf(", %lu %s", stress_oracle->counts[i], COUNT_NAMES[i]);
    printf("\n");
    return stress_oracle->counts[LIES] == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char fd[16];

    signal(SIGPIPE, SIG_IGN);
    if (argc == 4 && strcmp(argv[1], "worker") == 0) {
        attach(argv[2]);
        become(atoi(argv[3]));
        work();
    }
    snprintf(fd, sizeof(fd), "%d", memfd_create("oracle", 0));
    if (argc < 2 || ftruncate(atoi(fd), sizeof(*stress_oracle)) != 0)
        return 64;
    attach(fd);
    return run((unsigned)atoi(argv[1]),
               argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL));
}
