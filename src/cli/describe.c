#include "cli/describe.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* ---- files ---- */

static const char *machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } MACHINES[] = {
        {EM_386, "i386"},     {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},     {EM_AARCH64, "AArch64"},
        {EM_RISCV, "RISC-V"}, {EM_PPC64, "POWER"},   {EM_PPC, "PowerPC"}, {EM_S390, "s390"},
        {EM_MIPS, "MIPS"},    {EM_SPARCV9, "SPARC"},
    };

    for (size_t i = 0; i < sizeof(MACHINES) / sizeof(MACHINES[0]); i++) {
        if (MACHINES[i].machine == machine)
            return MACHINES[i].name;
    }
    return "an unknown machine";
}

static void describe_elf(const struct elf *e, struct text *t)
{
    text_string(t, machine_name(e->machine));
    text_string(t, e->bits == 64 ? ", 64-bit" : ", 32-bit");
    switch (e->kind) {
    case ELF_DYNAMIC:
        text_string(t, ", dynamic, loaded by ");
        text_printable(t, e->loader, strlen(e->loader));
        break;
    case ELF_LOADER:
        text_string(t, ", glibc's loader itself");
        break;
    default:
        text_string(t, e->kind == ELF_PIE ? ", static-pie" : ", static");
        break;
    }
    if (e->is_go)
        text_string(t, ", made with Go");
    if (e->is_pascal)
        text_string(t, ", made with Free Pascal");
}

static void describe_path(const struct program *p, struct text *t)
{
    static const char *const ROLES[] = {
        [PROGRAM_COMMAND] = "",
        [PROGRAM_INTERPRETER] = ", the interpreter",
        [PROGRAM_BY_ENV] = ", executed by env",
        [PROGRAM_BY_SHELL] = ", the shell",
    };

    text_quoted(t, p->path);
    text_string(t, ROLES[p->role]);
}

void describe_file(const struct program *p, struct text *t)
{
    static const char *const KINDS[] = {
        [PROGRAM_SCRIPT] = "a script",
        [PROGRAM_UNREADABLE] = "executable, but not readable",
        [PROGRAM_BROKEN] = "an invalid ELF file",
        [PROGRAM_TEXT] = "text, which the shell executes",
    };

    describe_path(p, t);
    text_string(t, ": ");
    if (p->kind == PROGRAM_ELF)
        describe_elf(&p->elf, t);
    else
        text_string(t, KINDS[p->kind]);
}

/* ---- faults ---- */

static bool is_missing(const struct program *p)
{
    return p->error == ENOENT || p->error == ENOTDIR;
}

static bool is_too_deep(const struct program *p)
{
    return p->error == ELOOP && p->kind == PROGRAM_SCRIPT;
}

/* The kernel takes the carriage return as a part of the name. */
bool describe_is_crlf(const struct program *p)
{
    return is_missing(p) && !p->is_about_loader && p->role != PROGRAM_COMMAND &&
           p->path[0] != '\0' && p->path[strlen(p->path) - 1] == '\r';
}

static void describe_crlf(const struct program *p, struct text *t)
{
    text_string(t, "the line '#!");
    if (p->role == PROGRAM_BY_ENV) {
        text_printable(t, p->interpreter, strlen(p->interpreter));
        text_char(t, ' ');
    }
    text_printable(t, p->path, strlen(p->path) - 1);
    text_string(t, "' ends in CR LF");
}

static void describe_faulty(const struct program *p, struct text *t)
{
    if (p->is_about_loader) {
        text_quoted(t, p->elf.loader);
        text_string(t, ", the loader of ");
        text_quoted(t, p->path);
        text_char(t, ',');
    } else if (p->role == PROGRAM_INTERPRETER) {
        text_string(t, "its interpreter ");
        text_quoted(t, p->path);
    } else {
        describe_path(p, t);
        if (p->role != PROGRAM_COMMAND)
            text_char(t, ',');
    }
}

void describe_fault(const struct program *p, struct text *t)
{
    if (describe_is_crlf(p)) {
        describe_crlf(p, t);
        return;
    }
    describe_faulty(p, t);
    if (is_too_deep(p))
        text_string(t, " is one script too many in a chain of interpreters");
    else
        text_string(t, is_missing(p) ? " does not exist" : " cannot be executed");
    if (is_missing(p) || is_too_deep(p) || p->error == EACCES)
        return;
    text_string(t, " (");
    text_string(t, strerror(p->error));
    text_char(t, ')');
}

const char *describe_fault_way_out(const struct program *p)
{
    if (describe_is_crlf(p))
        return "convert the file with dos2unix, or sed -i 's/\\r$//'";
    if (is_too_deep(p))
        return "name a program as the interpreter";
    if (is_missing(p) && p->is_about_loader)
        return "install the libc that it is built for";
    if (is_missing(p))
        return p->role == PROGRAM_INTERPRETER ? "correct the line '#!', or install it"
                                              : "check the name and PATH";
    return p->error == EACCES ? "check that it is a file, its x bits, and the mount's noexec"
                              : "check the path";
}

/* ---- the verdict ---- */

#define USE_NOTIFY "use --engine notify"
#define BY_ROOT "; or let root grant it the real port, by remap grant"
#define WITHOUT_BIT "run a copy of it, which has no such bit" BY_ROOT

static const struct {
    const char *text, *way_out;
} REASONS[] = {
    [VERDICT_IS_DYNAMIC] = {"is dynamic, with glibc", ""},
    [VERDICT_IS_MUSL_TAKEN] = {"is dynamic, with musl, whose loader takes the library", ""},
    [VERDICT_IS_NOT_EXECUTED] = {"cannot be executed", ""},
    [VERDICT_IS_UNREADABLE] = {"can be executed but not read: its kind is unknown",
                               "make it readable"},
    [VERDICT_IS_BROKEN] = {"is an invalid ELF file", "check the file"},
    [VERDICT_IS_STATIC] = {"is static: it has no loader, which could preload a library",
                           USE_NOTIFY},
    [VERDICT_IS_GO] = {"is made with Go, which makes system calls without libc", USE_NOTIFY},
    [VERDICT_IS_PASCAL] = {"is made with Free Pascal, which makes system calls without libc",
                           USE_NOTIFY},
    [VERDICT_IS_MUSL] = {"is built for musl, whose loader rejects the library", USE_NOTIFY},
    [VERDICT_IS_OTHER_LIBC] = {"is built for another libc than glibc", USE_NOTIFY},
    [VERDICT_IS_WITHOUT_LIBC] = {"uses no library, and makes system calls without libc",
                                 USE_NOTIFY},
    [VERDICT_IS_32_BIT] = {"is a 32-bit program, but the library is 64-bit", USE_NOTIFY},
    [VERDICT_IS_CAPABLE_IN_VAIN] = {"has file capabilities: no_new_privs withholds them, and "
                                    "the loader drops LD_PRELOAD",
                                    USE_NOTIFY},
    [VERDICT_IS_SET_UID] = {"is set-user-ID: the loader drops LD_PRELOAD", WITHOUT_BIT},
    [VERDICT_IS_SET_GID] = {"is set-group-ID: the loader drops LD_PRELOAD", WITHOUT_BIT},
    [VERDICT_IS_CAPABLE] = {"has file capabilities: the loader drops LD_PRELOAD",
                            "run a copy of it, which has none" BY_ROOT},
    [VERDICT_IS_X32] = {"is an x32 program, which neither engine supports", "build it for x86-64"},
    [VERDICT_IS_FOREIGN] = {"is built for another machine", "run it, and remap, on such a machine"},
};

void describe_reason(const struct verdict *v, struct text *t)
{
    text_quoted(t, v->path);
    text_char(t, ' ');
    text_string(t, REASONS[v->reason].text);
    if (v->reason != VERDICT_IS_FOREIGN)
        return;
    text_string(t, ", ");
    text_string(t, machine_name(v->machine));
}

const char *describe_way_out(const struct verdict *v)
{
    return v->reason == VERDICT_IS_CAPABLE && v->may_bind
               ? "run it without remap: it can bind privileged ports; or run a copy of it, which "
                 "has none"
               : REASONS[v->reason].way_out;
}
