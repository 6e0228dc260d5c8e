/*
 * soak [once]: makes all calls that are translated, on all privileged ports in turn, and closes what
 * it opened, until SIGTERM. A child does the same now and then, and is executed anew or killed.
 * Prints how often it went round. What is left behind shows in the memory and the descriptors of
 * this process and of its supervisor.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in name_of(unsigned turn)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)(1 + turn % 1023)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn % 200)};
}

static int new_socket(int type)
{
    int one = 1, fd = socket(AF_INET, type, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return fd;
}

static bool connect_to(const struct sockaddr_in *name, int server)
{
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof(peer);
    int client = new_socket(SOCK_STREAM);
    bool is_told = connect(client, (const struct sockaddr *)name, sizeof(*name)) == 0 &&
                   getpeername(client, (struct sockaddr *)&peer, &size) == 0 &&
                   peer.sin_port == name->sin_port;
    struct linger at_once = {.l_onoff = 1};
    int taken = is_told ? accept(server, (struct sockaddr *)&peer, &size) : -1;

    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(client);
    close(taken);
    return is_told;
}

static bool send_to(const struct sockaddr_in *name, int server)
{
    char buf[4];
    int client = new_socket(SOCK_DGRAM);
    bool is_there =
        sendto(client, "soak", 4, 0, (const struct sockaddr *)name, sizeof(*name)) == 4 &&
        recv(server, buf, sizeof(buf), MSG_DONTWAIT) == 4;

    close(client);
    return is_there;
}

/* Returns false if a call failed, or a name was wrong. */
static bool go_round(unsigned turn, int type)
{
    struct sockaddr_in name = name_of(turn), own = {0};
    socklen_t size = sizeof(own);
    int server = new_socket(type);
    bool is_right = bind(server, (struct sockaddr *)&name, sizeof(name)) == 0 &&
                    getsockname(server, (struct sockaddr *)&own, &size) == 0 &&
                    own.sin_port == name.sin_port;

    if (is_right && type == SOCK_STREAM)
        is_right = listen(server, 4) == 0 && connect_to(&name, server);
    else if (is_right)
        is_right = send_to(&name, server);
    close(server);
    return is_right;
}

/* A child that goes round until it is killed, or is executed anew for a moment. */
static void have_child(char *self, unsigned turn)
{
    char *again[] = {self, "once", NULL};
    pid_t child = fork();

    if (child == 0) {
        if (turn % 2 == 0)
            execv(self, again);
        for (unsigned i = turn;; i++)
            go_round(i * 7, SOCK_STREAM);
    }
    struct timespec moment = {.tv_nsec = 2000000};
    if (turn % 2 != 0) {
        nanosleep(&moment, NULL);
        kill(child, SIGKILL);
    }
    waitpid(child, NULL, 0);
}

static volatile sig_atomic_t has_ended;

static void end(int number)
{
    (void)number;
    has_ended = 1;
}

int main(int argc, char **argv)
{
    unsigned turn = 0, wrong = 0;

    if (argc > 1)
        return !go_round(0, SOCK_STREAM);
    signal(SIGTERM, end);
    while (!has_ended) {
        wrong += !go_round(turn, turn % 3 == 0 ? SOCK_DGRAM : SOCK_STREAM);
        if (turn++ % 100 == 99)
            have_child(argv[0], turn / 100);
    }
    printf("%u rounds, %u wrong\n", turn, wrong);
    return 0;
}
