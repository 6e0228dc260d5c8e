#include "linux/bind_program.h"

#include <netinet/in.h>
#include <string.h>

/* ---- instructions ---- */

/* The answer is in BPF_REG_0, and a struct bpf_sock_addr is at BPF_REG_1. These are ours. */
enum reg { PORT = BPF_REG_2, WORD = BPF_REG_3 };

struct writer {
    struct bpf_insn *code;
    size_t count;
};

static void write_one(struct writer *w, struct bpf_insn instruction)
{
    w->code[w->count++] = instruction;
}

/* Loads a word at an offset in struct bpf_sock_addr. */
static void load(struct writer *w, enum reg reg, size_t offset)
{
    write_one(w, (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
                                   .dst_reg = reg & 0xf,
                                   .src_reg = BPF_REG_1,
                                   .off = (int16_t)offset});
}

/* Skips instructions if the comparison of a register with a number holds. */
static void skip_if(struct writer *w, enum reg reg, uint8_t comparison, uint32_t number, int count)
{
    write_one(w, (struct bpf_insn){.code = BPF_JMP32 | comparison | BPF_K,
                                   .dst_reg = reg & 0xf,
                                   .off = (int16_t)count,
                                   .imm = (int32_t)number});
}

/* The same to the end of the rule, which end_rule() knows. */
enum { TO_END = 0 };
static void leave_if(struct writer *w, enum reg reg, uint8_t comparison, uint32_t number)
{
    skip_if(w, reg, comparison, number, TO_END);
}

static void end_rule(const struct writer *w, size_t begin)
{
    for (size_t i = begin; i < w->count; i++) {
        if (BPF_CLASS(w->code[i].code) == BPF_JMP32 && w->code[i].off == TO_END)
            w->code[i].off = (int16_t)(w->count - i - 1);
    }
}

static void answer(struct writer *w, int32_t value)
{
    write_one(w, (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = value});
    write_one(w, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* ---- rules ---- */

/* MPTCP and UDP-Lite share the words of TCP and UDP (proto_from_ip). */
static void match_proto(struct writer *w, enum proto proto)
{
    static const uint16_t NUMBERS[][2] = {
        [PROTO_TCP] = {IPPROTO_TCP, IPPROTO_MPTCP},
        [PROTO_UDP] = {IPPROTO_UDP, IPPROTO_UDPLITE},
    };

    if (proto == PROTO_ANY)
        return;
    load(w, WORD, offsetof(struct bpf_sock_addr, protocol));
    skip_if(w, WORD, BPF_JEQ, NUMBERS[proto][0], 1);
    leave_if(w, WORD, BPF_JNE, NUMBERS[proto][1]);
}

static void match_host(struct writer *w, const struct addr *host)
{
    bool is_v4 = host->family == AF_INET;
    size_t offset =
        is_v4 ? offsetof(struct bpf_sock_addr, user_ip4) : offsetof(struct bpf_sock_addr, user_ip6);
    size_t size = host->family == AF_UNSPEC ? 0 : is_v4 ? 4 : 16;
    uint32_t word;

    for (size_t i = 0; i < size; i += sizeof(word)) {
        memcpy(&word, host->bytes + i, sizeof(word));
        load(w, WORD, offset + i);
        leave_if(w, WORD, BPF_JNE, word);
    }
}

static void write_rule(struct writer *w, const struct rule *rule, sa_family_t family)
{
    struct addr host = family == AF_INET6 ? addr_mapped(&rule->host) : rule->host;
    size_t begin = w->count;

    if (rule->proto == PROTO_SCTP || (host.family != AF_UNSPEC && host.family != family))
        return;
    leave_if(w, PORT, BPF_JLT, rule->first);
    leave_if(w, PORT, BPF_JGT, rule->last);
    match_proto(w, rule->proto);
    match_host(w, &host);
    answer(w, BIND_PROGRAM_GRANTED);
    end_rule(w, begin);
}

/* The port has its 16 bits in network order, in a word. */
size_t bind_program_make(struct bpf_insn code[BIND_PROGRAM_MAX], const struct table *granted,
                         sa_family_t family)
{
    struct writer w = {.code = code};

    load(&w, PORT, offsetof(struct bpf_sock_addr, user_port));
    write_one(&w, (struct bpf_insn){
                      .code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = PORT & 0xf, .imm = 16});
    for (size_t i = 0; i < granted->count; i++)
        write_rule(&w, &granted->rule[i], family);
    answer(&w, BIND_PROGRAM_USUAL);
    return w.count;
}
