/*
 * uring FAMILY TYPE PORT: binds a socket of that family (4, 6) and type (tcp, udp) to the port on all
 * addresses by io_uring (IORING_OP_BIND, Linux 6.11), and prints "bind ok" or the errno. Prints
 * "no io_uring" if the kernel has no such operation, or refuses it.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPERATION_BIND = 56 };

static char *map(int ring, size_t size, off_t offset)
{
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, offset);
    return at != MAP_FAILED ? at : NULL;
}

/* Returns the result of one operation, or -EINVAL if there is no io_uring. */
static int submit(const struct io_uring_sqe *operation)
{
    struct io_uring_params p = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 1, &p);
    char *sq = map(ring, p.sq_off.array + sizeof(uint32_t), IORING_OFF_SQ_RING);
    char *cq =
        map(ring, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
    char *sqes = map(ring, sizeof(*operation), IORING_OFF_SQES);

    if (sq == NULL || cq == NULL || sqes == NULL)
        return -EINVAL;
    memcpy(sqes, operation, sizeof(*operation));
    *(uint32_t *)(void *)(sq + p.sq_off.array) = 0;
    *(uint32_t *)(void *)(sq + p.sq_off.tail) = 1;
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
        return -EINVAL;
    return ((struct io_uring_cqe *)(void *)(cq + p.cq_off.cqes))->res;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 64;
    in_port_t port = htons((uint16_t)strtoul(argv[3], NULL, 10));
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    int is_v6 = argv[1][0] == '6', yes = 1;
    int type = strcmp(argv[2], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, type, 0);

    if (is_v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    int result = submit(&(struct io_uring_sqe){
        .opcode = OPERATION_BIND,
        .fd = fd,
        .addr = is_v6 ? (uintptr_t)&v6 : (uintptr_t)&v4,
        .addr2 = is_v6 ? sizeof(v6) : sizeof(v4),
    });
    if (result == -EINVAL)
        puts("no io_uring");
    else
        printf("bind %s\n", result == 0 ? "ok" : strerror(-result));
    return 0;
}
