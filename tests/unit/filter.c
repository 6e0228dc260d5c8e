/*
 * Which calls are stopped, and which handler each has, on all kinds of machines. The filter's
 * text (seccomp_export_pfc(3)) is evaluated for each call, and compared with a table. That the
 * kernel does the same is tested by tests/e2e/notify, for the machine that it runs on.
 */
#include "unit.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "notify/filter.h"
#include "notify/handler.h"

enum {
    TEXT_MAX = 16384,
    DEPTH_MAX = 8, /* of conditions in each other */
    CALLS = 512,   /* more than any architecture has */
    ARGUMENTS = 6,
};

struct call {
    uint32_t arch;
    uint32_t number;
    uint64_t argument[ARGUMENTS];
};

/* ---- the text ---- */

/* A word of the call: "$arch", "$syscall", "$a4", "$a4.hi32" or "$a4.lo32". */
static uint64_t value_of(const char *word, const struct call *c)
{
    if (strcmp(word, "$arch") == 0)
        return c->arch;
    if (strcmp(word, "$syscall") == 0)
        return c->number;
    assert_true(word[0] == '$' && word[1] == 'a' && word[2] >= '0' && word[2] < '0' + ARGUMENTS);
    uint64_t argument = c->argument[word[2] - '0'];
    if (strcmp(word + 3, ".hi32") == 0)
        return argument >> 32;
    if (strcmp(word + 3, ".lo32") != 0)
        assert_string_equal(word + 3, "");
    return strcmp(word + 3, ".lo32") == 0 ? (uint32_t)argument : argument;
}

/* Of "if (WORD == NUMBER)", which is the only kind of condition. */
static bool is_true(const char *line, const struct call *c)
{
    char word[16], number[32];

    assert_int_equal(sscanf(line, "if (%15s == %31[^)])", word, number), 2);
    return value_of(word, c) == strtoull(number, NULL, 0);
}

/*
 * The action that the text ends with for the call, as it is written there. What belongs to a condition
 * stands two blanks further in.
 */
static void carry_out(const char *text, const struct call *c, char action[32])
{
    bool was_true[DEPTH_MAX] = {false};
    size_t bound = DEPTH_MAX; /* what stands further in than this is left out */

    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t depth = strspn(line, " ") / 2;
        const char *rest = line + depth * 2;
        assert_true(depth < DEPTH_MAX);
        if (depth > bound || *rest == '#')
            continue;
        bound = DEPTH_MAX;
        if (sscanf(rest, "action %31[^;]", action) == 1)
            return;
        bool goes_in = strncmp(rest, "else\n", 5) == 0 ? !was_true[depth] : is_true(rest, c);
        was_true[depth] = goes_in;
        if (!goes_in)
            bound = depth;
    }
    fail_msg("no action at the end");
}

static bool is_stopped(const char *text, const struct call *c)
{
    char action[32];

    carry_out(text, c, action);
    if (strcmp(action, "ALLOW") == 0)
        return false;
    /* libseccomp before 2.6 has no word for it. */
    if (strcmp(action, "0x7fc00000") != 0)
        assert_string_equal(action, "NOTIFY");
    return true;
}

/* libseccomp has no filter for machines of both byte orders. */
static void print_filter(uint32_t arch, bool datagrams, char text[TEXT_MAX])
{
    if (BYTE_ORDER != LITTLE_ENDIAN)
        skip();
    int fd = memfd_create("text", MFD_CLOEXEC);
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

    assert_int_equal(filter_set_up(context, arch, datagrams), 0);
    assert_int_equal(seccomp_export_pfc(context, fd), 0);
    seccomp_release(context);
    ssize_t size = pread(fd, text, TEXT_MAX - 1, 0);
    assert_true(size >= 1 && size <= TEXT_MAX - 2);
    text[size] = '\0';
    close(fd);
}

/* ---- what is to be stopped ---- */

/* Of each architecture: its numbers, as in the kernel's tables (unistd.h). 0: it has no such call. */
struct numbers {
    uint32_t arch;
    uint32_t bind, connect, getsockname, getpeername, sendto, socketcall;
};

static const struct numbers X86_64 = {AUDIT_ARCH_X86_64, 49, 42, 51, 52, 44, 0};
static const struct numbers X86 = {AUDIT_ARCH_I386, 361, 362, 367, 368, 369, 102};
static const struct numbers AARCH64 = {AUDIT_ARCH_AARCH64, 200, 203, 204, 205, 206, 0};
static const struct numbers ARM = {AUDIT_ARCH_ARM, 282, 283, 286, 287, 290, 0};

static const struct {
    uint32_t arch;
    const struct numbers *runs[2];
} MACHINES[] = {
    {SCMP_ARCH_X86_64, {&X86_64, &X86}},
    {SCMP_ARCH_X86, {&X86, NULL}},
    {SCMP_ARCH_AARCH64, {&AARCH64, &ARM}},
    {SCMP_ARCH_ARM, {&ARM, NULL}},
};

enum { LANDLOCK_RESTRICT_SELF = 446 }; /* of all architectures */

/* linux/net.h */
static bool is_in_socketcall(uint64_t which, bool datagrams)
{
    return which == 2 || which == 3 || which == 6 || which == 7 || (datagrams && which == 11);
}

static bool is_to_be_stopped(const struct numbers *n, const struct call *c, bool datagrams)
{
    if (n->socketcall != 0 && c->number == n->socketcall)
        return is_in_socketcall(c->argument[0], datagrams);
    if (c->number == n->sendto)
        return datagrams && c->argument[4] != 0;
    return c->number == n->bind || c->number == n->connect || c->number == n->getsockname ||
           c->number == n->getpeername || c->number == LANDLOCK_RESTRICT_SELF;
}

static void check_call(const char *text, const struct numbers *n, const struct call *c,
                       bool datagrams)
{
    if (is_stopped(text, c) == is_to_be_stopped(n, c, datagrams))
        return;
    fail_msg("arch %" PRIx32 ", call %" PRIu32 " (%" PRIu64 ", ..., %" PRIx64 "), datagrams %d",
             c->arch, c->number, c->argument[0], c->argument[4], datagrams);
}

/* The upper half of an address alone, the lower one, and none; 32 bits have no upper half. */
static void check_addresses(const char *text, const struct numbers *n, struct call *c,
                            bool datagrams)
{
    bool is_wide = (n->arch & __AUDIT_ARCH_64BIT) != 0;

    c->argument[4] = is_wide ? UINT64_C(0x100000000) : 0x80000000;
    check_call(text, n, c, datagrams);
    c->argument[4] = 0x1000;
    check_call(text, n, c, datagrams);
    c->argument[4] = 0;
    check_call(text, n, c, datagrams);
}

static void check_numbers(const char *text, const struct numbers *n, bool datagrams)
{
    for (uint32_t number = 0; number < CALLS; number++) {
        bool is_told_apart = number == n->socketcall || number == n->sendto;
        struct call c = {.arch = n->arch, .number = number, .argument = {2}};
        check_addresses(text, n, &c, datagrams);
        for (c.argument[0] = 0; is_told_apart && c.argument[0] < 24; c.argument[0]++)
            check_addresses(text, n, &c, datagrams);
    }
}

static void check_machines(bool datagrams)
{
    static char text[TEXT_MAX];

    for (size_t i = 0; i < COUNT(MACHINES); i++) {
        print_filter(MACHINES[i].arch, datagrams, text);
        for (int j = 0; j < 2 && MACHINES[i].runs[j] != NULL; j++)
            check_numbers(text, MACHINES[i].runs[j], datagrams);
    }
}

TEST(calls)
{
    check_machines(false);
}

TEST(calls_with_datagrams)
{
    check_machines(true);
}

static const char *name_of(const struct numbers *n, uint32_t number)
{
    if (n->socketcall != 0 && number == n->socketcall)
        return "socketcall";
    return number == n->bind                  ? "bind"
           : number == n->connect             ? "connect"
           : number == n->getsockname         ? "getsockname"
           : number == n->getpeername         ? "getpeername"
           : number == n->sendto              ? "sendto"
           : number == LANDLOCK_RESTRICT_SELF ? "landlock_restrict_self"
                                              : NULL;
}

/* Twice: what is found first is kept. */
TEST(handlers)
{
    static const struct numbers *const ALL[] = {&X86_64, &X86, &AARCH64, &ARM};

    for (uint32_t i = 0; i < 2 * COUNT(ALL) * CALLS; i++) {
        const struct numbers *n = ALL[i / CALLS % COUNT(ALL)];
        const struct handler *h = handler_find(n->arch, (int)(i % CALLS));
        const char *name = name_of(n, i % CALLS);
        if (name == NULL)
            assert_null(h);
        else
            assert_string_equal(h->name, name);
    }
}

/* linux/net.h */
TEST(socketcalls)
{
    static const struct {
        const char *name;
        int number;
        size_t count;
    } cases[] = {{"bind", 2, 3},
                 {"connect", 3, 3},
                 {"getsockname", 6, 3},
                 {"getpeername", 7, 3},
                 {"sendto", 11, 6},
                 {"socketcall", 0, 2},
                 {"landlock_restrict_self", NO_SOCKETCALL, 2}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(handler_table[i].name, cases[i].name);
        assert_int_equal(handler_table[i].socketcall, cases[i].number);
        assert_int_equal(handler_table[i].count, cases[i].count);
    }
    assert_null(handler_table[COUNT(cases)].name);
}

/* An architecture that the machine is not said to run has no system call at all. */
TEST(other_architectures)
{
    static const uint32_t others[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,    AUDIT_ARCH_AARCH64,
                                      AUDIT_ARCH_ARM,    AUDIT_ARCH_RISCV64, AUDIT_ARCH_PPC64LE};
    static char text[TEXT_MAX];
    char action[32];

    for (size_t i = 0; i < COUNT(MACHINES); i++) {
        print_filter(MACHINES[i].arch, i % 2 == 0, text);
        for (size_t j = 0; j < COUNT(others); j++) {
            const struct numbers *const *runs = MACHINES[i].runs;
            if (others[j] == runs[0]->arch || (runs[1] != NULL && others[j] == runs[1]->arch))
                continue;
            carry_out(text, &(struct call){.arch = others[j], .number = 1}, action);
            assert_string_equal(action, "ERRNO(38)"); /* ENOSYS */
        }
    }
}

TEST(no_such_architecture)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

    assert_true(filter_set_up(context, 12345, false) < 0);
    seccomp_release(context);
}

/* What is given to the kernel is a program of a sensible size, for the machine that this runs on. */
TEST(program)
{
    struct sock_fprog plain, more;

    assert_int_equal(filter_make(&plain, false), 0);
    assert_int_equal(filter_make(&more, true), 0);
    assert_true(plain.len >= 8 && plain.len <= 100);
    assert_true(more.len >= plain.len + 1 && more.len <= 100);
    filter_free(&plain);
    filter_free(&more);
}

int unit_set_up(void **state)
{
    (void)state;
    /* The kernel's version does not matter to the text: 5 has SCMP_ACT_NOTIFY. */
    return seccomp_api_set(5);
}
