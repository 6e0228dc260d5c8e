/*
 * The programs that grant ports, run by an interpreter of the few instructions that they have. That the
 * kernel does the same is tested by tests/e2e/grant.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "linux/bind_program.h"

static struct bpf_insn code[BIND_PROGRAM_MAX];

static bool holds(uint8_t comparison, uint32_t a, uint32_t b)
{
    switch (comparison) {
    case BPF_JEQ:
        return a == b;
    case BPF_JNE:
        return a != b;
    case BPF_JLT:
        return a < b;
    case BPF_JGT:
        return a > b;
    default:
        fail_msg("unknown comparison %x", comparison);
        return false;
    }
}

/* Returns the answer of the program in `code`. */
static uint64_t run(size_t count, const struct bpf_sock_addr *context)
{
    uint64_t reg[MAX_BPF_REG] = {0};
    uint32_t word;

    for (size_t at = 0; at < count; at++) {
        struct bpf_insn i = code[at];
        switch (i.code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            assert_true(i.off >= 0 && (size_t)i.off <= sizeof(*context) - sizeof(word));
            memcpy(&word, (const char *)context + i.off, sizeof(word));
            reg[i.dst_reg] = word;
            break;
        case BPF_ALU | BPF_END | BPF_TO_BE:
            assert_int_equal(i.imm, 16);
            reg[i.dst_reg] = htons((uint16_t)reg[i.dst_reg]);
            break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
            reg[i.dst_reg] = (uint64_t)i.imm;
            break;
        case BPF_JMP | BPF_EXIT:
            return reg[BPF_REG_0];
        default:
            assert_int_equal(BPF_CLASS(i.code), BPF_JMP32);
            assert_true(i.off > 0);
            if (holds(BPF_OP(i.code), (uint32_t)reg[i.dst_reg], (uint32_t)i.imm))
                at += (uint16_t)i.off;
        }
    }
    fail_msg("the program has no end");
    return 0;
}

/* What the kernel gives to a program, in a socket of that family. */
static struct bpf_sock_addr context_of(const struct endpoint *e, int protocol)
{
    struct bpf_sock_addr context = {
        .user_family = e->addr.family,
        .user_port = htons(e->port),
        .protocol = (uint32_t)protocol,
    };

    if (e->addr.family == AF_INET)
        memcpy(&context.user_ip4, e->addr.bytes, sizeof(context.user_ip4));
    else
        memcpy(context.user_ip6, e->addr.bytes, sizeof(context.user_ip6));
    return context;
}

static bool is_granted(const struct table *t, const struct endpoint *e, int protocol)
{
    struct bpf_sock_addr context = context_of(e, protocol);
    size_t count = bind_program_make(code, t, e->addr.family);

    assert_true(count >= 1 && count <= BIND_PROGRAM_MAX);
    uint64_t answer = run(count, &context);
    assert_true(answer == BIND_PROGRAM_USUAL || answer == BIND_PROGRAM_GRANTED);
    return answer == BIND_PROGRAM_GRANTED;
}

static void read_ports(struct table *t, const char *text)
{
    struct source source = {.name = "test", .text = text, .size = strlen(text)};
    struct diag d;

    t->count = 0;
    if (!table_parse_asked(t, &source, &d))
        fail_msg("%s: %s", text, d.message);
}

/* ---- cases ---- */

static const struct {
    const char *ports, *asked;
    int protocol;
    bool is_granted;
} CASES[] = {
    {"80", "0.0.0.0:80", IPPROTO_TCP, true},
    {"80", "0.0.0.0:80", IPPROTO_UDP, true},
    {"80", "[::]:80", IPPROTO_TCP, true},
    {"80", "0.0.0.0:79", IPPROTO_TCP, false},
    {"80", "[::]:81", IPPROTO_TCP, false},
    {"20-21", "0.0.0.0:19", IPPROTO_TCP, false},
    {"20-21", "0.0.0.0:20", IPPROTO_TCP, true},
    {"20-21", "0.0.0.0:21", IPPROTO_TCP, true},
    {"20-21", "0.0.0.0:22", IPPROTO_TCP, false},
    {"tcp/80", "0.0.0.0:80", IPPROTO_MPTCP, true},
    {"tcp/80", "0.0.0.0:80", IPPROTO_UDP, false},
    {"udp/53", "[::1]:53", IPPROTO_UDPLITE, true},
    {"udp/53", "[::1]:53", IPPROTO_TCP, false},
    {"sctp/80", "0.0.0.0:80", IPPROTO_TCP, false},
    {"127.0.0.1:25", "127.0.0.1:25", IPPROTO_TCP, true},
    {"127.0.0.1:25", "127.0.0.2:25", IPPROTO_TCP, false},
    {"127.0.0.1:25", "0.0.0.0:25", IPPROTO_TCP, false},
    {"127.0.0.1:25", "[::1]:25", IPPROTO_TCP, false},
    {"[::1]:993", "[::1]:993", IPPROTO_TCP, true},
    {"[::1]:993", "[::]:993", IPPROTO_TCP, false},
    {"[::1]:993", "127.0.0.1:993", IPPROTO_TCP, false},
    {"80,udp/53,127.0.0.1:25", "127.0.0.1:25", IPPROTO_TCP, true},
    {"80,udp/53,127.0.0.1:25", "127.0.0.1:53", IPPROTO_UDP, true},
    {"80,udp/53,127.0.0.1:25", "127.0.0.1:53", IPPROTO_TCP, false},
};

TEST(cases)
{
    struct table t;

    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct endpoint e = unit_endpoint(CASES[i].asked);
        read_ports(&t, CASES[i].ports);
        if (is_granted(&t, &e, CASES[i].protocol) != CASES[i].is_granted)
            fail_msg("%s, protocol %d, with %s", CASES[i].asked, CASES[i].protocol, CASES[i].ports);
    }
}

TEST(mapped_address_matches_v4_words)
{
    struct table t;
    struct endpoint e = unit_endpoint("127.0.0.1:25");

    e.addr = addr_mapped(&e.addr);
    read_ports(&t, "127.0.0.1:25");
    assert_true(is_granted(&t, &e, IPPROTO_TCP));
    e.addr.bytes[15] = 2;
    assert_false(is_granted(&t, &e, IPPROTO_TCP));
}

/* ---- any table, against the rules themselves ---- */

static struct addr any_address(void)
{
    static const char *const ADDRESSES[] = {"127.0.0.1:1", "127.0.0.2:1", "0.0.0.0:1",
                                            "[::1]:1",     "[::]:1",      "[2001:db8::1]:1"};
    return unit_endpoint(ADDRESSES[(unsigned)rand() % COUNT(ADDRESSES)]).addr;
}

static struct rule any_rule(void)
{
    uint16_t first = (uint16_t)(1 + rand() % 12);
    struct rule r = {.target = RULE_KEEP,
                     .proto = (enum proto)(rand() % (PROTO_UDP + 1)),
                     .first = first,
                     .last = (uint16_t)(first + rand() % 3)};

    if (rand() % 2 == 0)
        r.host = any_address();
    return r;
}

static bool is_decided(const struct table *t, const struct endpoint *e)
{
    for (size_t i = 0; i < t->count; i++) {
        if (rule_judge(&t->rule[i], e) == RULE_DECIDES)
            return true;
    }
    return false;
}

TEST(any_table)
{
    enum { TABLES = 200, BINDS = 50, RULES = 8 };
    static struct table t;

    for (int n = 0; n < TABLES; n++) {
        t.count = (unsigned)rand() % RULES;
        for (size_t i = 0; i < t.count; i++)
            t.rule[i] = any_rule();
        for (int i = 0; i < BINDS; i++) {
            bool is_tcp = rand() % 2 == 0;
            struct endpoint e = {.proto = is_tcp ? PROTO_TCP : PROTO_UDP,
                                 .addr = any_address(),
                                 .port = (uint16_t)(1 + rand() % 15)};
            assert_int_equal(is_granted(&t, &e, is_tcp ? IPPROTO_TCP : IPPROTO_UDP),
                             is_decided(&t, &e));
        }
    }
}

TEST(longest_program_fits)
{
    static struct table t;

    read_ports(&t, "tcp [2001:db8::1]:20-21");
    while (++t.count < TABLE_MAX)
        t.rule[t.count] = t.rule[0];
    size_t count = bind_program_make(code, &t, AF_INET6);
    assert_true(count >= BIND_PROGRAM_MAX - 20 && count <= BIND_PROGRAM_MAX);
}
