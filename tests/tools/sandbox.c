/*
 * sandbox [-n] [-p] COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND as a user who may not bind port 80: root turns into nobody,
 * anybody else stays who they are; nobody keeps a capability. With -n, in a
 * network namespace of its own, of which the loopback interface is up, with
 * 198.51.100.7 as a further address of this host, and in which the user may have ping
 * sockets; an ordinary user gets that by means of a user namespace. With -p as well,
 * as root of that namespace, who may bind port 80. Exits 125 where something of this
 * cannot be had.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void die(const char *what)
{
    fprintf(stderr, "sandbox: %s: %s\n", what, strerror(errno));
    exit(125);
}

__attribute__((format(printf, 2, 3))) static void write_file(const char *path, const char *format,
                                                             ...)
{
    va_list arguments;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    va_start(arguments, format);
    if (fd < 0 || vdprintf(fd, format, arguments) < 0 || close(fd) != 0)
        die(path);
    va_end(arguments);
}

static void set_address(int fd, unsigned long what, struct ifreq *request, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    inet_pton(AF_INET, address, &in.sin_addr);
    memcpy(&request->ifr_addr, &in, sizeof(in));
    if (ioctl(fd, what, request) != 0)
        die(address);
}

static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0)
        die("lo");
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        die("lo");
    strcpy(request.ifr_name, "lo:1");
    set_address(fd, SIOCSIFADDR, &request, "198.51.100.7");
    set_address(fd, SIOCSIFNETMASK, &request, "255.255.255.255");
    close(fd);
}

static void enter_namespace(bool is_root, bool keeps_privileges)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWNET | (is_root ? 0 : CLONE_NEWUSER)) != 0)
        die("no network namespace");
    if (!is_root) {
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", "%u %u 1", keeps_privileges ? 0 : uid, uid);
        write_file("/proc/self/gid_map", "%u %u 1", keeps_privileges ? 0 : gid, gid);
    }
    raise_loopback();
    gid_t user_gid = keeps_privileges ? 0 : is_root ? NOBODY : gid;
    write_file("/proc/sys/net/ipv4/ping_group_range", "%u %u", user_gid, user_gid);
}

static void drop_privileges(bool is_root)
{
    cap_t none = cap_init();

    if (is_root && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
                    setresuid(NOBODY, NOBODY, NOBODY) != 0))
        die("cannot become nobody");
    if (none == NULL || cap_set_proc(none) != 0)
        die("cannot drop the capabilities");
    cap_free(none);
}

int main(int argc, char **argv)
{
    bool is_root = geteuid() == 0, wants_namespace = false, keeps_privileges = false;
    int option;

    while ((option = getopt(argc, argv, "+np")) != -1) {
        if (option != 'n' && option != 'p')
            return 125;
        wants_namespace = wants_namespace || option == 'n';
        keeps_privileges = keeps_privileges || option == 'p';
    }
    if (optind == argc || (keeps_privileges && !wants_namespace)) {
        fputs("usage: sandbox [-n [-p]] COMMAND [ARGUMENT]...\n", stderr);
        return 125;
    }
    if (wants_namespace)
        enter_namespace(is_root, keeps_privileges);
    if (!keeps_privileges)
        drop_privileges(is_root);
    execvp(argv[optind], argv + optind);
    die(argv[optind]);
}
