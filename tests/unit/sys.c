/* System calls that do more than the kernel's. */
#include "linux/sys.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static void interrupt(int signal)
{
    (void)signal;
}

/* A program may have a timer that interrupts each call. */
TEST(poll_waits_though_signals_interrupt_it)
{
    const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    const struct sigaction action = {.sa_handler = interrupt};
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(ends[1], "x", 1) != 1);
    }
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    int events = sys_poll(ends[0], POLLIN, 900);
    int none = sys_poll(ends[1], POLLIN, 5);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(events, POLLIN);
    assert_int_equal(none, 0);
    close(ends[0]);
    close(ends[1]);
}
