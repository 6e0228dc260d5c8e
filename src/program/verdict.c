#include "program/verdict.h"

#include <errno.h>

#include "core/text.h"

static enum verdict_reason judge_elf(const struct elf *e, bool has_32_bit)
{
    bool is_other = e->abi == ELF_32_BIT || e->abi == ELF_64_BIT;

    if (e->abi == ELF_X32)
        return VERDICT_IS_X32;
    if (e->abi != ELF_NATIVE && !(is_other && has_32_bit))
        return e->abi == ELF_32_BIT ? VERDICT_IS_32_BIT : VERDICT_IS_FOREIGN;
    if (e->is_go)
        return VERDICT_IS_GO;
    if (e->is_pascal)
        return VERDICT_IS_PASCAL;
    if (e->kind == ELF_LOADER)
        return VERDICT_IS_DYNAMIC;
    if (e->kind != ELF_DYNAMIC)
        return VERDICT_IS_STATIC;
    if (e->libc == ELF_GLIBC)
        return e->has_needed ? VERDICT_IS_DYNAMIC : VERDICT_IS_WITHOUT_LIBC;
    return e->libc == ELF_MUSL ? VERDICT_IS_MUSL : VERDICT_IS_OTHER_LIBC;
}

bool verdict_needs_loader(const struct program *p)
{
    return p->error == 0 && p->kind == PROGRAM_ELF &&
           judge_elf(&p->elf, false) == VERDICT_IS_MUSL && p->elf.has_needed &&
           !p->privilege.has_capabilities;
}

static enum verdict_reason judge_kind(const struct program *p, bool has_32_bit)
{
    if (p->kind == PROGRAM_ELF)
        return judge_elf(&p->elf, has_32_bit);
    if (p->kind == PROGRAM_BROKEN)
        return VERDICT_IS_BROKEN;
    return p->kind == PROGRAM_UNREADABLE ? VERDICT_IS_UNREADABLE : VERDICT_IS_DYNAMIC;
}

static enum verdict_reason judge(const struct program *p, bool has_32_bit)
{
    enum verdict_reason by_kind = judge_kind(p, has_32_bit);

    if (p->error != 0)
        return VERDICT_IS_NOT_EXECUTED;
    if (by_kind == VERDICT_IS_X32 || by_kind == VERDICT_IS_FOREIGN)
        return by_kind;
    if (p->privilege.set_uid)
        return VERDICT_IS_SET_UID;
    if (p->privilege.set_gid)
        return VERDICT_IS_SET_GID;
    if (p->privilege.has_capabilities && !p->privilege.without_gain)
        return VERDICT_IS_CAPABLE;
    if (p->privilege.has_capabilities && by_kind < VERDICT_IS_STATIC)
        return VERDICT_IS_CAPABLE_IN_VAIN;
    return by_kind;
}

static enum verdict_engine engine_for(enum verdict_reason reason)
{
    if (reason < VERDICT_IS_STATIC)
        return VERDICT_PRELOAD;
    return reason < VERDICT_IS_SET_UID ? VERDICT_NOTIFY : VERDICT_NEITHER;
}

void verdict_add(struct verdict *v, const struct program *p)
{
    enum verdict_reason reason = judge(p, v->loaders.has_32_bit);

    if (reason == VERDICT_IS_MUSL && v->loaders.takes_musl && verdict_needs_loader(p))
        reason = VERDICT_IS_MUSL_TAKEN;
    if (engine_for(reason) < v->engine || (p->error == 0 && !program_is_executed(p)))
        return;
    v->engine = engine_for(reason);
    v->reason = reason;
    v->machine = p->elf.machine;
    v->may_bind = p->privilege.may_bind;
    if (v->path != NULL)
        text_copy(v->path, PATH_FOUND_MAX, p->path);
}

enum verdict_engine verdict_of_exec(const char *path, struct verdict_loaders loaders, int *error)
{
    int saved = errno;
    struct program p;
    struct verdict v = {.engine = VERDICT_PRELOAD, .loaders = loaders};

    program_begin(&p, path);
    while (program_next(&p))
        verdict_add(&v, &p);
    errno = saved;
    *error = p.error;
    return p.error == 0 ? v.engine : VERDICT_PRELOAD;
}
