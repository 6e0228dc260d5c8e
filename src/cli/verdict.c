#include "cli/verdict.h"

static enum verdict_reason judge_dynamic(const struct image *image)
{
    switch (image->libc) {
    case IMAGE_GLIBC:
        return image->has_needed ? VERDICT_IS_DYNAMIC : VERDICT_IS_WITHOUT_LIBC;
    case IMAGE_MUSL:
        return VERDICT_IS_MUSL;
    default:
        return VERDICT_IS_OTHER_LIBC;
    }
}

static enum verdict_reason judge_image(const struct image *image)
{
    if (image_is_x32(image))
        return VERDICT_IS_X32;
    if (!image->is_native)
        return image_is_companion(image) ? VERDICT_IS_32_BIT : VERDICT_IS_FOREIGN;
    if (image->is_go)
        return VERDICT_IS_GO;
    switch (image->kind) {
    case IMAGE_DYNAMIC:
        return judge_dynamic(image);
    case IMAGE_LOADER:
        return VERDICT_IS_DYNAMIC;
    default:
        return VERDICT_IS_STATIC;
    }
}

static enum verdict_reason judge(const struct program_file *file)
{
    enum verdict_reason by_kind = VERDICT_IS_DYNAMIC;

    if (file->kind == PROGRAM_ELF)
        by_kind = judge_image(&file->image);
    else if (file->kind == PROGRAM_BROKEN)
        by_kind = VERDICT_IS_BROKEN;
    else if (file->kind == PROGRAM_UNREADABLE)
        by_kind = VERDICT_IS_UNREADABLE;
    if (by_kind == VERDICT_IS_X32 || by_kind == VERDICT_IS_FOREIGN)
        return by_kind;
    if (file->privilege.set_uid)
        return VERDICT_IS_SET_UID;
    if (file->privilege.set_gid)
        return VERDICT_IS_SET_GID;
    if (file->privilege.has_capabilities && !file->privilege.without_gain)
        return VERDICT_IS_CAPABLE;
    if (file->privilege.has_capabilities && by_kind < VERDICT_IS_STATIC)
        return VERDICT_IS_CAPABLE_IN_VAIN;
    return by_kind;
}

static enum verdict_engine engine_for(enum verdict_reason reason)
{
    if (reason < VERDICT_IS_STATIC)
        return VERDICT_PRELOAD;
    return reason < VERDICT_IS_SET_UID ? VERDICT_NOTIFY : VERDICT_NEITHER;
}

struct verdict verdict_of(const struct program *p)
{
    const struct program_file *last = &p->file[p->count - 1];
    struct verdict verdict = {VERDICT_PRELOAD, VERDICT_IS_NOT_EXECUTED, last};

    if (p->state != PROGRAM_FOUND)
        return verdict;
    verdict.reason = judge(last);
    verdict.engine = engine_for(verdict.reason);
    for (size_t i = 0; i + 1 < p->count; i++) {
        if (!program_is_executed(&p->file[i]))
            continue;
        enum verdict_reason reason = judge(&p->file[i]);
        if (engine_for(reason) > verdict.engine)
            verdict = (struct verdict){engine_for(reason), reason, &p->file[i]};
    }
    return verdict;
}

/* ---- texts ---- */

static const char *const REASONS[] = {
    [VERDICT_IS_DYNAMIC] = "is dynamic, with glibc",
    [VERDICT_IS_NOT_EXECUTED] = "cannot be executed",
    [VERDICT_IS_UNREADABLE] = "may be executed but not read: what it is cannot be told",
    [VERDICT_IS_BROKEN] = "is an ELF file that makes no sense",
    [VERDICT_IS_STATIC] = "is static: it has no loader that would preload a library",
    [VERDICT_IS_GO] = "is made with Go, which makes its system calls without libc",
    [VERDICT_IS_MUSL] = "is made for musl, whose loader may not take a library of glibc",
    [VERDICT_IS_OTHER_LIBC] = "is made for another libc than glibc",
    [VERDICT_IS_WITHOUT_LIBC] = "uses no library, and so makes its system calls without libc",
    [VERDICT_IS_32_BIT] = "is of 32 bits, and the library of 64",
    [VERDICT_IS_CAPABLE_IN_VAIN] =
        "has file capabilities: no_new_privs withholds them, and the loader drops LD_PRELOAD",
    [VERDICT_IS_SET_UID] = "is set-user-ID: the loader drops LD_PRELOAD",
    [VERDICT_IS_SET_GID] = "is set-group-ID: the loader drops LD_PRELOAD",
    [VERDICT_IS_CAPABLE] = "has file capabilities: the loader drops LD_PRELOAD",
    [VERDICT_IS_X32] = "is of x32, which no engine knows",
    [VERDICT_IS_FOREIGN] = "is for another kind of machine",
};

void verdict_reason_text(const struct verdict *v, struct text *t)
{
    text_quoted(t, v->file->path);
    text_char(t, ' ');
    text_string(t, REASONS[v->reason]);
    if (v->reason != VERDICT_IS_FOREIGN)
        return;
    text_string(t, ", ");
    text_string(t, image_machine_name(&v->file->image));
}

static const char *way_out(const struct verdict *v)
{
    switch (v->reason) {
    case VERDICT_IS_SET_UID:
    case VERDICT_IS_SET_GID:
        return "run a copy of it, which has no such bit";
    case VERDICT_IS_CAPABLE:
        return v->file->privilege.may_bind
                   ? "run it without remap, it may bind privileged ports; or run a copy of it, "
                     "which has none"
                   : "run a copy of it, which has none";
    case VERDICT_IS_X32:
        return "build it for x86-64";
    case VERDICT_IS_FOREIGN:
        return "run it, and remap, on such a machine";
    case VERDICT_IS_BROKEN:
        return "check the file";
    case VERDICT_IS_UNREADABLE:
        return "make it readable, for a look at it";
    default:
        return v->engine == VERDICT_NOTIFY ? "use --engine notify" : "";
    }
}

void verdict_way_out(const struct verdict *v, struct text *t)
{
    text_string(t, way_out(v));
}
