/*
 * mortal COUNT: that many servers, one after the other, each killed with SIGKILL at a moment
 * of chance while it binds, listens and connects. Ends with 0 if all could be started.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Binds on and on, on ports of its own, until it is killed; counts in *binds. */
static void serve(unsigned number, volatile unsigned *binds)
{
    for (unsigned i = 0;; i++) {
        struct sockaddr_in name = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)(1 + (number * 7 + i) % 1023)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0 && listen(fd, 1) == 0)
            (*binds)++;
        close(fd);
    }
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 1, chance = 1;
    volatile unsigned *binds =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (binds == MAP_FAILED)
        return 1;
    for (unsigned i = 0; i < count; i++) {
        unsigned before = *binds;
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (child == 0)
            serve(i, binds);
        /* Not before it has begun, and then anywhere in the next few of its binds. */
        while (*binds == before && waitpid(child, NULL, WNOHANG) == 0)
            ;
        chance = chance * 1103515245 + 12345;
        for (volatile unsigned wait = chance >> 16 & 0x3fff; wait > 0; wait--)
            ;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    printf("%u servers, %u binds\n", count, *binds);
    return 0;
}
