/* What an ELF file says about the program in it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ELF_LOADER_MAX = 512 }; /* on the stack of a signal handler; paths of loaders are short */

enum elf_kind {
    ELF_NONE,    /* not an ELF file of a program, or one that makes no sense */
    ELF_STATIC,  /* names no loader, and lies at a fixed place */
    ELF_PIE,     /* names no loader: static-pie */
    ELF_DYNAMIC, /* names a loader (PT_INTERP) */
    ELF_LOADER,  /* glibc's loader itself, which is called as a program (ld.so(8)) */
};

/* The machines that it is for, as seen from this program. */
enum elf_abi {
    ELF_NATIVE,
    ELF_32_BIT, /* the kernel of this machine runs these, too: i386 on x86-64, ARM on AArch64 */
    ELF_64_BIT, /* the same, as seen from such a 32-bit program */
    ELF_X32,    /* x86-64 with pointers of 32 bits, another ABI of that kernel */
    ELF_FOREIGN,
};

/* The libc of a loader. */
enum elf_libc {
    ELF_NO_LIBC,
    ELF_GLIBC,
    ELF_MUSL,
    ELF_OTHER_LIBC,
};

struct elf {
    enum elf_kind kind;
    enum elf_abi abi;
    int bits;         /* 32, 64 */
    uint16_t machine; /* EM_X86_64 and so on (elf(5)) */
    /* The rest is not known of a file in the other byte order. */
    bool is_go;         /* has the note with Go's build id, which its linker always writes */
    bool is_pascal;     /* is made with Free Pascal, and imports no call of libc for sockets */
    bool has_needed;    /* names libraries (DT_NEEDED) */
    enum elf_libc libc; /* by the loader's name */
    char loader[ELF_LOADER_MAX];
};

/*
 * Reads the file open at `fd`, which may have any content, and may shrink meanwhile. What makes no
 * sense is ELF_NONE. Leaves `fd` open.
 */
void elf_read(int fd, struct elf *e);

/* Returns the path of this program's own loader if that is glibc's, or NULL. */
const char *elf_own_loader(void);

/* Returns whether a file is glibc's loader, by the name in it (DT_SONAME). */
bool elf_is_glibc_loader(const char *path);
