/*
 * resolve STEP...
 *
 * Looks names up by functions of libc, and prints what each returns:
 *
 *     FUNCTION=NAME    getaddrinfo, gethostbyname, gethostbyname2, gethostbyname_r, gethostbyname2_r,
 *                      res_query, res_search, res_querydomain, res_send, and their forms with a state: an
 *                      IPv4 address, or the number of addresses if there are several
 *     FUNCTION=ADDR    getnameinfo, gethostbyaddr, gethostbyaddr_r: a name
 *     state, own       the ports and options of the thread's state, or of the program's own
 *     retry=N          sets the number of tries in the thread's state
 *     thread           the following steps are those of a thread
 *     cancel=MS        the following step is that of a thread, which is cancelled after that time
 *     async=NAME       getaddrinfo_a(3)
 *     sh=COMMAND       a command of the shell
 *     filter           a seccomp filter that allows all
 *     mark             writes to a descriptor that is not open, for strace(1)
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* The program's own state. */
static struct __res_state own;

static struct __res_state *own_state(void)
{
    if ((own.options & RES_INIT) == 0 && res_ninit(&own) != 0)
        exit(1);
    return &own;
}

static void print_addresses(int family, char **list)
{
    char text[INET6_ADDRSTRLEN];
    int count = 0;

    while (list[count] != NULL)
        count++;
    if (count == 1)
        puts(inet_ntop(family, list[0], text, sizeof(text)));
    else
        printf("%d addresses\n", count);
}

static void print_host(const struct hostent *host, bool by_address)
{
    if (by_address)
        puts(host->h_name);
    else
        print_addresses(host->h_addrtype, host->h_addr_list);
}

static void print_info(const struct addrinfo *list)
{
    char *addresses[512] = {NULL};
    int count = 0;

    for (const struct addrinfo *info = list; info != NULL && count < 511; info = info->ai_next)
        addresses[count++] = (char *)&((struct sockaddr_in *)info->ai_addr)->sin_addr;
    print_addresses(AF_INET, addresses);
}

/* An answer of one address ends with it. */
static void print_answer(const unsigned char *answer, int size)
{
    char text[INET_ADDRSTRLEN];

    if (size < HFIXEDSZ + 4) {
        printf("%d, h_errno %d\n", size, h_errno);
        return;
    }
    int count = answer[6] << 8 | answer[7];
    if (count == 1)
        puts(inet_ntop(AF_INET, answer + size - 4, text, sizeof(text)));
    else
        printf("%d addresses\n", count);
}

static void print_state(const struct __res_state *state)
{
    printf("%s, %d tries, ports", (state->options & RES_USEVC) != 0 ? "tcp" : "udp", state->retry);
    for (int i = 0; i < state->nscount; i++) {
        const struct sockaddr_in *in = &state->nsaddr_list[i];
        const struct sockaddr_in6 *in6 = state->_u._ext.nsaddrs[i];
        printf(" %d", ntohs(in->sin_family == AF_INET ? in->sin_port : in6->sin6_port));
    }
    putchar('\n');
}

static bool is(const char *step, const char *name)
{
    return strcmp(step, name) == 0;
}

static const struct addrinfo stream = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};

static void get_info(const char *name)
{
    struct addrinfo *list;
    int error = getaddrinfo(name, NULL, &stream, &list);

    if (error != 0) {
        printf("%s\n", gai_strerror(error));
        return;
    }
    print_info(list);
    freeaddrinfo(list);
}

static void get_info_later(const char *name)
{
    struct gaicb request = {.ar_name = name, .ar_request = &stream};
    struct gaicb *list[] = {&request};
    int error = getaddrinfo_a(GAI_WAIT, list, 1, NULL);

    if (error == 0)
        error = gai_error(&request);
    if (error != 0)
        puts(gai_strerror(error));
    else
        print_info(request.ar_result);
}

static void get_name(const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    char name[NI_MAXHOST];

    inet_pton(AF_INET, address, &in.sin_addr);
    int error = getnameinfo((struct sockaddr *)&in, sizeof(in), name, sizeof(name), NULL, 0, 0);
    puts(error == 0 ? name : gai_strerror(error));
}

static bool get_host(const char *function, const char *name)
{
    bool by_address = strncmp(function, "gethostbyaddr", 13) == 0;
    struct hostent entry, *host = NULL;
    struct in_addr in;
    char buffer[16384];
    int error = 0, h_error = 0;

    inet_pton(AF_INET, name, &in);
    if (is(function, "gethostbyname"))
        host = gethostbyname(name);
    else if (is(function, "gethostbyname2"))
        host = gethostbyname2(name, AF_INET);
    else if (is(function, "gethostbyaddr"))
        host = gethostbyaddr(&in, sizeof(in), AF_INET);
    else if (is(function, "gethostbyname_r"))
        error = gethostbyname_r(name, &entry, buffer, sizeof(buffer), &host, &h_error);
    else if (is(function, "gethostbyname2_r"))
        error = gethostbyname2_r(name, AF_INET, &entry, buffer, sizeof(buffer), &host, &h_error);
    else if (is(function, "gethostbyaddr_r"))
        error = gethostbyaddr_r(&in, sizeof(in), AF_INET, &entry, buffer, sizeof(buffer), &host,
                                &h_error);
    else
        return false;
    if (host != NULL)
        print_host(host, by_address);
    else if (strstr(function, "_r") != NULL)
        printf("%s, h_errno %d\n", strerror(error), h_error);
    else
        printf("h_errno %d\n", h_errno);
    return true;
}

static int make_query(const char *name, unsigned char *question, int size)
{
    return res_mkquery(ns_o_query, name, ns_c_in, ns_t_a, NULL, 0, NULL, question, size);
}

static bool query(const char *function, const char *name)
{
    unsigned char question[512], answer[65536];
    int got;

    if (is(function, "res_query"))
        got = res_query(name, ns_c_in, ns_t_a, answer, sizeof(answer));
    else if (is(function, "res_search"))
        got = res_search(name, ns_c_in, ns_t_a, answer, sizeof(answer));
    else if (is(function, "res_querydomain"))
        got = res_querydomain(name, NULL, ns_c_in, ns_t_a, answer, sizeof(answer));
    else if (is(function, "res_send"))
        got = res_send(question, make_query(name, question, sizeof(question)), answer,
                       sizeof(answer));
    else if (is(function, "res_nquery"))
        got = res_nquery(own_state(), name, ns_c_in, ns_t_a, answer, sizeof(answer));
    else if (is(function, "res_nsearch"))
        got = res_nsearch(own_state(), name, ns_c_in, ns_t_a, answer, sizeof(answer));
    else if (is(function, "res_nquerydomain"))
        got = res_nquerydomain(own_state(), name, NULL, ns_c_in, ns_t_a, answer, sizeof(answer));
    else if (is(function, "res_nsend"))
        got = res_nsend(own_state(), question, make_query(name, question, sizeof(question)), answer,
                        sizeof(answer));
    else
        return false;
    print_answer(answer, got);
    return true;
}

static void install_filter(void)
{
    struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, allow};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        exit(1);
}

static void *run(void *steps);

/* Runs the steps in a thread, which is cancelled after some time unless that is negative. */
static void run_thread(char **steps, int milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    pthread_t thread;
    void *result;

    if (pthread_create(&thread, NULL, run, steps) != 0)
        exit(1);
    if (milliseconds >= 0) {
        nanosleep(&time, NULL);
        pthread_cancel(thread);
    }
    pthread_join(thread, &result);
    if (result == PTHREAD_CANCELED)
        puts("cancelled");
}

static void *run(void *steps)
{
    for (char **at = steps; *at != NULL; at++) {
        char function[64] = "";
        const char *name = strchr(*at, '=');

        name = name != NULL ? name + 1 : "";
        sscanf(*at, "%63[^=]", function);
        if (is(function, "mark"))
            (void)!write(99, "", 0);
        else if (is(function, "filter"))
            install_filter();
        else if (is(function, "state"))
            print_state(&_res);
        else if (is(function, "own"))
            print_state(own_state());
        else if (is(function, "retry"))
            _res.retry = atoi(name);
        else if (is(function, "getaddrinfo"))
            get_info(name);
        else if (is(function, "getnameinfo"))
            get_name(name);
        else if (is(function, "async"))
            get_info_later(name);
        else if (is(function, "thread") || is(function, "cancel")) {
            run_thread(at + 1, is(function, "cancel") ? atoi(name) : -1);
            break;
        } else if (is(function, "sh") ? system(name) != 0
                                      : !get_host(function, name) && !query(function, name)) {
            fprintf(stderr, "resolve: %s\n", *at);
            exit(2);
        }
        fflush(stdout);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    (void)argc;
    run(argv + 1);
    return 0;
}
