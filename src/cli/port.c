/* remap port: where an asked port is, for scripts. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/live.h"
#include "cli/message.h"
#include "core/rule.h"

enum { OPTION_PROTO = 256, OPTION_NAME, OPTION_WAIT };

enum {
    WAIT_DEFAULT = 10,     /* seconds */
    POLL_NS = 10 * 1000000 /* between two looks: the registry tells nobody when it changes */
};

static const struct option LONG_OPTIONS[] = {
    {"proto", required_argument, NULL, OPTION_PROTO},
    {"name", required_argument, NULL, OPTION_NAME},
    {"wait", optional_argument, NULL, OPTION_WAIT},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct options {
    enum proto proto;
    const char *run;
    double wait; /* seconds */
    uint16_t port;
};

static int take_proto(struct options *o)
{
    o->proto = proto_from_name(optarg, strlen(optarg));
    if (o->proto != PROTO_ANY)
        return STATUS_OK;
    message_print("unknown protocol '%s': use tcp, udp or sctp", optarg);
    return STATUS_USAGE;
}

static int take_wait(struct options *o)
{
    char *end = NULL;

    o->wait = optarg != NULL ? strtod(optarg, &end) : WAIT_DEFAULT;
    if ((optarg == NULL || (end != optarg && *end == '\0')) && isfinite(o->wait) && o->wait >= 0)
        return STATUS_OK;
    message_print("'%s' is no time to wait: give seconds, as --wait=10", optarg);
    return STATUS_USAGE;
}

static int take_option(const struct command *self, int option, char **argv, struct options *o)
{
    switch (option) {
    case OPTION_PROTO:
        return take_proto(o);
    case OPTION_NAME:
        o->run = optarg;
        return live_is_name(optarg) ? STATUS_OK : message_bad_name(optarg);
    case OPTION_WAIT:
        return take_wait(o);
    default:
        return message_bad_option(self, option, argv);
    }
}

/* The port in the text: a number or a name, as a rule has it. */
static int take_port(const struct command *self, int argc, char **argv, struct options *o)
{
    struct endpoint e;
    struct diag d;

    if (optind + 1 != argc) {
        message_print("%s: see 'remap help %s'",
                      optind == argc ? "no port given" : "one port at a time", self->name);
        return STATUS_USAGE;
    }
    const char *text = argv[optind];
    struct source source = {"PORT", text, strlen(text)};
    if (strpbrk(text, ":/ ") != NULL || !rule_parse_endpoint(&e, &source, &d)) {
        message_print("'%s' is no port: give a number from 1 to 65535, or a name as http", text);
        return STATUS_USAGE;
    }
    o->port = e.port;
    return STATUS_OK;
}

/* The newest that can be reached, and of TCP rather than of another protocol. */
static const struct live *choose(const struct lives *lives, const struct options *o)
{
    const struct live *chosen = NULL;

    for (size_t i = 0; i < lives->count; i++) {
        const struct live *live = &lives->list[i];
        if (live->entry.asked.port != o->port || !live->listens ||
            (o->proto != PROTO_ANY && live->entry.asked.proto != o->proto))
            continue;
        bool is_better = chosen == NULL || live->entry.asked.proto < chosen->entry.asked.proto ||
                         (live->entry.asked.proto == chosen->entry.asked.proto &&
                          (int32_t)(live->entry.order - chosen->entry.order) > 0);
        chosen = is_better ? live : chosen;
    }
    return chosen;
}

/* Looks once. STATUS_NO where there is none. */
static int look(const struct options *o)
{
    struct lives lives;
    int status = live_list(o->run, false, &lives);

    if (status != STATUS_OK)
        return status;
    const struct live *live = choose(&lives, o);
    if (live != NULL)
        printf("%u\n", live->entry.actual.port);
    live_free(&lives);
    return live != NULL ? STATUS_OK : STATUS_NO;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int port_main(const struct command *self, int argc, char **argv)
{
    static const struct timespec POLL = {0, POLL_NS};
    struct options o = {.run = ""};
    int option, status;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", LONG_OPTIONS, NULL)) != -1) {
        if (option == 'h')
            return help_print(self);
        status = take_option(self, option, argv, &o);
        if (status != STATUS_OK)
            return status;
    }
    status = take_port(self, argc, argv, &o);
    if (status != STATUS_OK)
        return status;
    double end = now() + o.wait;
    while ((status = look(&o)) == STATUS_NO && now() < end)
        nanosleep(&POLL, NULL);
    if (status == STATUS_NO)
        message_print("nobody is on port %u: see 'remap ps'", o.port);
    return status;
}

const struct command port_command = {
    .name = "port",
    .arguments = "[OPTION]... PORT",
    .summary = "Prints the actual port of an asked one",
    .details = "      --proto P    of tcp or udp; else of tcp, if it is there\n"
               "      --name RUN   of the server that was started by remap run --name RUN\n"
               "      --wait[=S]   wait until it can be reached, for 10 seconds or S\n"
               "  -h, --help       this text\n"
               "\n"
               "PORT is a number, or a name as http. For scripts:\n"
               "  curl \"localhost:$(remap port 80 --wait)\"\n"
               "Exits with 1 where nobody is there; 64 usage, 69 the kernel does not say.\n",
    .main = port_main,
};
