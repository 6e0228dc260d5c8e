#include "program/elf.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <string.h>

#include "core/text.h"
#include "linux/sys.h"

enum {
    SEGMENTS_SIZE_MAX = 65536, /* all headers of segments, as for the kernel */
    NOTES_MAX = 64,
    DYNAMIC_MAX = 4096,
    SONAME_MAX = 64,
    NT_GO_BUILD_ID = 4, /* cmd/internal/buildid */
    STRINGS_MAX = 4096,
    SYMBOLS_MAX = 4096,
    SYMBOL_MAX = 16, /* longer than any name that is looked for */
    /* Most programs have all that is read at their beginning within this. */
    PART_MAX = 1024,
};

/* This program's own header, by the linker: what is native here. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

union header {
    unsigned char ident[EI_NIDENT];
    Elf32_Ehdr narrow;
    Elf64_Ehdr wide;
    ElfW(Ehdr) own;
};

struct file {
    int fd;
    bool is_wide;     /* 64-bit; what a 32-bit file has is widened as it is read */
    unsigned count;   /* of segments */
    uint64_t headers; /* where those of the segments are */
    /* What was read of it last: most of what is looked at is close together. */
    uint64_t begin;
    size_t size;
    char part[PART_MAX];
};

static bool has_read(const struct file *f, uint64_t at, size_t size)
{
    return at >= f->begin && size <= f->size && at - f->begin <= f->size - size;
}

/* Returns at most PART_MAX bytes, valid until others are read, or NULL if the file ends before. */
static const char *part_at(struct file *f, uint64_t at, size_t size)
{
    if (!has_read(f, at, size) && at <= LONG_MAX) {
        ssize_t count = sys_pread(f->fd, f->part, sizeof(f->part), (unsigned long)at);
        f->begin = at;
        f->size = count > 0 ? (size_t)count : 0;
    }
    return has_read(f, at, size) ? f->part + (at - f->begin) : NULL;
}

static bool read_at(struct file *f, uint64_t at, void *buf, size_t size)
{
    const char *part = part_at(f, at, size);

    if (part != NULL)
        memcpy(buf, part, size);
    return part != NULL;
}

static bool read_segment(struct file *f, unsigned i, Elf64_Phdr *segment)
{
    Elf32_Phdr narrow;

    if (f->is_wide)
        return read_at(f, f->headers + i * sizeof(*segment), segment, sizeof(*segment));
    if (!read_at(f, f->headers + i * sizeof(narrow), &narrow, sizeof(narrow)))
        return false;
    *segment = (Elf64_Phdr){.p_type = narrow.p_type,
                            .p_offset = narrow.p_offset,
                            .p_vaddr = narrow.p_vaddr,
                            .p_filesz = narrow.p_filesz,
                            .p_align = narrow.p_align};
    return true;
}

/* ---- the loader ---- */

static enum elf_libc libc_of(const char *loader)
{
    const char *slash = strrchr(loader, '/');
    const char *name = slash != NULL ? slash + 1 : loader;

    if (text_has_prefix(name, "ld-musl-"))
        return ELF_MUSL;
    /* ld-linux-x86-64.so.2; ld64.so.1 and ld.so.1 on older machines; ld-2.31.so before glibc 2.34. */
    if (text_has_prefix(name, "ld-linux") || text_has_prefix(name, "ld64.so") ||
        text_has_prefix(name, "ld.so.") || text_has_prefix(name, "ld-2."))
        return ELF_GLIBC;
    return ELF_OTHER_LIBC;
}

/* The path must end with a zero, as for the kernel. */
static bool read_loader(struct file *f, const Elf64_Phdr *segment, struct elf *e)
{
    uint64_t size = segment->p_filesz;

    if (size < 2 || size > sizeof(e->loader) ||
        !read_at(f, segment->p_offset, e->loader, (size_t)size) || e->loader[size - 1] != '\0') {
        e->loader[0] = '\0';
        return false;
    }
    e->libc = libc_of(e->loader);
    e->kind = ELF_DYNAMIC;
    return true;
}

/* ---- notes ---- */

static uint64_t aligned(uint64_t size, uint64_t alignment)
{
    return (size + alignment - 1) & ~(alignment - 1);
}

/* The header of a note is the same in 32 bits and in 64. */
struct note {
    Elf64_Nhdr header;
    char name[4];
};

static bool has_go_note(struct file *f, const Elf64_Phdr *segment)
{
    uint64_t alignment = segment->p_align == 8 ? 8 : 4, at = 0;
    struct note n;

    for (int i = 0; i < NOTES_MAX && at + sizeof(n) <= segment->p_filesz; i++) {
        if (!read_at(f, segment->p_offset + at, &n, sizeof(n)))
            return false;
        if (n.header.n_namesz == sizeof(n.name) && n.header.n_type == NT_GO_BUILD_ID &&
            memcmp(n.name, "Go\0", sizeof(n.name)) == 0)
            return true;
        at += aligned(sizeof(n.header) + n.header.n_namesz, alignment);
        at += aligned(n.header.n_descsz, alignment);
    }
    return false;
}

/* ---- the dynamic section ---- */

static bool read_entry(struct file *f, const Elf64_Phdr *dynamic, uint64_t i, Elf64_Dyn *entry)
{
    Elf32_Dyn narrow;
    size_t size = f->is_wide ? sizeof(*entry) : sizeof(narrow);
    uint64_t at = dynamic->p_offset + i * size;

    if ((i + 1) * size > dynamic->p_filesz)
        return false;
    if (f->is_wide)
        return read_at(f, at, entry, sizeof(*entry));
    if (!read_at(f, at, &narrow, sizeof(narrow)))
        return false;
    *entry = (Elf64_Dyn){.d_tag = narrow.d_tag, .d_un.d_val = narrow.d_un.d_val};
    return true;
}

/* Reads the string that is mapped to an address. */
static bool read_string(struct file *f, uint64_t address, char string[SONAME_MAX])
{
    Elf64_Phdr segment;

    for (unsigned i = 0; i < f->count && read_segment(f, i, &segment); i++) {
        uint64_t skipped = address - segment.p_vaddr;
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr || skipped >= segment.p_filesz)
            continue;
        uint64_t left = segment.p_filesz - skipped;
        size_t size = left < SONAME_MAX ? (size_t)left : SONAME_MAX;
        return read_at(f, segment.p_offset + skipped, string, size) &&
               memchr(string, '\0', size) != NULL;
    }
    return false;
}

static void read_dynamic(struct file *f, const Elf64_Phdr *dynamic, struct elf *e)
{
    uint64_t strings = 0, soname = 0;
    char name[SONAME_MAX];
    Elf64_Dyn entry;

    for (uint64_t i = 0; i < DYNAMIC_MAX && read_entry(f, dynamic, i, &entry); i++) {
        if (entry.d_tag == DT_NULL || (e->has_needed && e->kind == ELF_DYNAMIC))
            break;
        if (entry.d_tag == DT_NEEDED)
            e->has_needed = true;
        else if (entry.d_tag == DT_STRTAB)
            strings = entry.d_un.d_ptr;
        else if (entry.d_tag == DT_SONAME)
            soname = entry.d_un.d_val;
    }
    if (e->kind != ELF_PIE || strings == 0 || soname == 0 ||
        !read_string(f, strings + soname, name))
        return;
    e->libc = libc_of(name);
    if (e->libc == ELF_GLIBC)
        e->kind = ELF_LOADER;
}

/* ---- sections ---- */

/* The loader does not need them, but only sections have names. Here they are read of native files. */
static bool read_section(struct file *f, const ElfW(Ehdr) * header, unsigned i,
                         ElfW(Shdr) * section)
{
    return i < header->e_shnum && header->e_shentsize == sizeof(*section) &&
           read_at(f, header->e_shoff + i * sizeof(*section), section, sizeof(*section));
}

/* Returns whether the section of strings has this one, or one that ends so. */
static bool has_string(struct file *f, const ElfW(Shdr) * strings, const char *string)
{
    size_t size = strlen(string) + 1;
    size_t end = strings->sh_size < STRINGS_MAX ? strings->sh_size : STRINGS_MAX;
    const char *found = NULL;

    /* A string may lie across the end of a part. */
    for (size_t i = 0; found == NULL && i + size <= end; i += PART_MAX - size) {
        size_t count = end - i < PART_MAX ? end - i : PART_MAX;
        const char *part = part_at(f, strings->sh_offset + i, count);
        if (part == NULL)
            break;
        found = memmem(part, count, string, size);
    }
    return found != NULL;
}

static bool is_socket_call(const char *name)
{
    return strcmp(name, "socket") == 0 || strcmp(name, "bind") == 0 || strcmp(name, "connect") == 0;
}

/* Returns whether the program imports a symbol that libraries are interposed by. */
static bool imports_socket_call(struct file *f, const ElfW(Shdr) * symbols,
                                const ElfW(Shdr) * strings)
{
    size_t count = symbols->sh_size / sizeof(ElfW(Sym));
    char name[SYMBOL_MAX];
    ElfW(Sym) symbol;

    for (size_t i = 0; i < count && i < SYMBOLS_MAX; i++) {
        if (!read_at(f, symbols->sh_offset + i * sizeof(symbol), &symbol, sizeof(symbol)))
            break;
        if (symbol.st_shndx != SHN_UNDEF || symbol.st_name >= strings->sh_size)
            continue;
        size_t left = strings->sh_size - symbol.st_name;
        size_t size = left < sizeof(name) ? left : sizeof(name);
        if (read_at(f, strings->sh_offset + symbol.st_name, name, size) &&
            memchr(name, '\0', size) != NULL && is_socket_call(name))
            return true;
    }
    return false;
}

/*
 * Free Pascal's runtime makes the system calls for sockets itself, also in a program that is linked
 * with libc for other things. Its section shows it, which strip(1) leaves. That a program imports
 * no such call shows nothing: the shell does not either, and executes programs and loads
 * libraries that do.
 */
static bool is_pascal(struct file *f, const ElfW(Ehdr) * header)
{
    ElfW(Shdr) section, strings;

    if (!read_section(f, header, header->e_shstrndx, &strings) ||
        !has_string(f, &strings, ".fpcdata"))
        return false;
    for (unsigned i = 0; read_section(f, header, i, &section); i++) {
        if (section.sh_type == SHT_DYNSYM)
            return !read_section(f, header, section.sh_link, &strings) ||
                   !imports_socket_call(f, &section, &strings);
    }
    return true;
}

/* ---- the file ---- */

static bool read_segments(struct file *f, struct elf *e)
{
    Elf64_Phdr segment, dynamic = {.p_type = PT_NULL};

    for (unsigned i = 0; i < f->count; i++) {
        if (!read_segment(f, i, &segment))
            return false;
        if (segment.p_type == PT_INTERP && e->kind != ELF_DYNAMIC && !read_loader(f, &segment, e))
            return false;
        if (segment.p_type == PT_NOTE)
            e->is_go = e->is_go || has_go_note(f, &segment);
        if (segment.p_type == PT_DYNAMIC)
            dynamic = segment;
    }
    if (dynamic.p_type == PT_DYNAMIC)
        read_dynamic(f, &dynamic, e);
    return true;
}

/* Returns whether a 64-bit kernel for the machine `wide` also runs 32-bit programs for `narrow`. */
static bool is_pair(uint16_t wide, uint16_t narrow)
{
    return (wide == EM_X86_64 && narrow == EM_386) || (wide == EM_AARCH64 && narrow == EM_ARM) ||
           (wide == EM_S390 && narrow == EM_S390);
}

static enum elf_abi abi_of(const union header *h, uint16_t machine)
{
    const unsigned char *own = __ehdr_start.e_ident;
    bool is_wide = h->ident[EI_CLASS] == ELFCLASS64, is_own_wide = own[EI_CLASS] == ELFCLASS64;
    uint16_t own_machine = __ehdr_start.e_machine;

    if (h->ident[EI_DATA] != own[EI_DATA])
        return ELF_FOREIGN;
    if (is_wide == is_own_wide)
        return machine == own_machine ? ELF_NATIVE : ELF_FOREIGN;
    if (is_own_wide && own_machine == EM_X86_64 && machine == EM_X86_64)
        return ELF_X32;
    if (is_own_wide)
        return is_pair(own_machine, machine) ? ELF_32_BIT : ELF_FOREIGN;
    return is_pair(machine, own_machine) ? ELF_64_BIT : ELF_FOREIGN;
}

/* Returns whether the headers of the segments are such as the kernel takes. */
static bool find_segments(const union header *h, struct file *f)
{
    size_t size = f->is_wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    size_t given = f->is_wide ? h->wide.e_phentsize : h->narrow.e_phentsize;

    f->count = f->is_wide ? h->wide.e_phnum : h->narrow.e_phnum;
    f->headers = f->is_wide ? h->wide.e_phoff : h->narrow.e_phoff;
    return given == size && f->count > 0 && f->count <= SEGMENTS_SIZE_MAX / size;
}

void elf_read(int fd, struct elf *e)
{
    union header h = {0};
    struct file f = {.fd = fd};

    *e = (struct elf){.kind = ELF_NONE};
    if (!read_at(&f, 0, &h, sizeof(h.narrow)) || memcmp(h.ident, ELFMAG, SELFMAG) != 0)
        return;
    f.is_wide = h.ident[EI_CLASS] == ELFCLASS64;
    if (f.is_wide && !read_at(&f, 0, &h, sizeof(h.wide)))
        return;
    /* e_type and e_machine are at the same place in both. */
    uint16_t type = h.wide.e_type;
    bool is_swapped = h.ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA];
    e->machine = is_swapped ? __builtin_bswap16(h.wide.e_machine) : h.wide.e_machine;
    e->abi = abi_of(&h, e->machine);
    e->bits = f.is_wide ? 64 : 32;
    if (is_swapped)
        type = __builtin_bswap16(type);
    if (type != ET_EXEC && type != ET_DYN)
        return;
    e->kind = type == ET_EXEC ? ELF_STATIC : ELF_PIE;
    if (!is_swapped && (!find_segments(&h, &f) || !read_segments(&f, e)))
        e->kind = ELF_NONE;
    if (e->kind == ELF_DYNAMIC && e->abi == ELF_NATIVE && e->libc == ELF_GLIBC)
        e->is_pascal = is_pascal(&f, &h.own);
}

/* The header and the path are in the first pages of the file, which are mapped. */
const char *elf_own_loader(void)
{
    const char *start = (const char *)&__ehdr_start;
    const ElfW(Phdr) *segment = (const void *)(start + __ehdr_start.e_phoff);

    for (unsigned i = 0; i < __ehdr_start.e_phnum; i++) {
        const char *loader = start + segment[i].p_offset;
        if (segment[i].p_type == PT_INTERP)
            return libc_of(loader) == ELF_GLIBC ? loader : NULL;
    }
    return NULL;
}

bool elf_is_glibc_loader(const char *path)
{
    SYS_CLEANUP_FD int fd = sys_open(path, O_RDONLY | O_NONBLOCK);
    struct elf e = {.kind = ELF_NONE};

    if (fd >= 0)
        elf_read(fd, &e);
    return e.kind == ELF_LOADER;
}
