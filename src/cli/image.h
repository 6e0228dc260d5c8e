/* What an ELF file says of the program in it. */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum image_kind {
    IMAGE_NONE,    /* no ELF file of a program, or one that makes no sense */
    IMAGE_STATIC,  /* no loader: at a fixed place */
    IMAGE_PIE,     /* no loader: static-pie */
    IMAGE_DYNAMIC, /* a loader is named (PT_INTERP) */
    IMAGE_LOADER,  /* glibc's loader itself, which was called as a program (ld.so(8)) */
};

/* Whose the loader is, by its name. */
enum image_libc {
    IMAGE_NO_LIBC,
    IMAGE_GLIBC,
    IMAGE_MUSL,
    IMAGE_OTHER_LIBC,
};

struct image {
    enum image_kind kind;
    int bits;         /* 32, 64 */
    uint16_t machine; /* EM_X86_64 and so on (elf(5)) */
    bool is_native;   /* of the machine, width and byte order that this program is of */
    /* The rest is known of programs in this machine's byte order alone. */
    bool is_go; /* has the note with the id of Go's build, as all that its linker made */
    enum image_libc libc;
    bool has_needed; /* libraries are named (DT_NEEDED) */
    char loader[PATH_MAX];
};

/*
 * Looks at the file open at `fd`, by libelf. The file may be anything: what makes no sense is
 * IMAGE_NONE. Leaves `fd` open, and its offset anywhere.
 */
void image_read(int fd, struct image *image);

/* The name of a machine, for people. */
const char *image_machine_name(const struct image *image);

/* Whether this kind of machine runs such programs of 32 bits beside its own of 64. */
bool image_is_companion(const struct image *image);

/* Whether it is of x32: x86-64 with pointers of 32 bits, another ABI of that kernel. */
bool image_is_x32(const struct image *image);

#endif
