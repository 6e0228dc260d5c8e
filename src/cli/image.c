#include "cli/image.h"

#include <gelf.h>
#include <libelf.h>
#include <link.h>
#include <string.h>

/* More than any program has: what is larger is not looked at. */
enum { HEADERS_MAX = 4096, NOTES_MAX = 65536, DYNAMIC_MAX = 65536, SONAME_MAX = 64 };

enum { NT_GO_BUILD_ID = 4 };

/* This program's own header, by the linker: what is native here. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static const struct machine {
    uint16_t machine;
    const char *name;
} MACHINES[] = {
    {EM_386, "i386"},     {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},     {EM_AARCH64, "AArch64"},
    {EM_RISCV, "RISC-V"}, {EM_PPC64, "POWER"},   {EM_PPC, "PowerPC"}, {EM_S390, "s390"},
    {EM_MIPS, "MIPS"},    {EM_SPARCV9, "SPARC"},
};

/* What else the kernel of a machine runs. */
static const struct {
    uint16_t machine, companion;
} COMPANIONS[] = {
    {EM_X86_64, EM_386},
    {EM_AARCH64, EM_ARM},
};

const char *image_machine_name(const struct image *image)
{
    for (size_t i = 0; i < sizeof(MACHINES) / sizeof(MACHINES[0]); i++) {
        if (MACHINES[i].machine == image->machine)
            return MACHINES[i].name;
    }
    return "another machine";
}

bool image_is_companion(const struct image *image)
{
    for (size_t i = 0; i < sizeof(COMPANIONS) / sizeof(COMPANIONS[0]); i++) {
        if (COMPANIONS[i].machine == __ehdr_start.e_machine &&
            COMPANIONS[i].companion == image->machine && image->bits == 32)
            return true;
    }
    return false;
}

bool image_is_x32(const struct image *image)
{
    return __ehdr_start.e_machine == EM_X86_64 && image->machine == EM_X86_64 && image->bits == 32;
}

static enum image_libc libc_of(const char *loader)
{
    const char *slash = strrchr(loader, '/');
    const char *name = slash != NULL ? slash + 1 : loader;

    if (strncmp(name, "ld-musl-", 8) == 0)
        return IMAGE_MUSL;
    /* ld-linux-x86-64.so.2; ld64.so.1 and ld.so.1 on older machines; ld-2.31.so before glibc 2.34. */
    if (strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld64.so", 7) == 0 ||
        strncmp(name, "ld.so.", 6) == 0 || strncmp(name, "ld-2.", 5) == 0)
        return IMAGE_GLIBC;
    return IMAGE_OTHER_LIBC;
}

/* A piece of the file, NULL where it has no such; owned by `elf`. */
static Elf_Data *piece(Elf *elf, const GElf_Phdr *segment, uint64_t max, Elf_Type type)
{
    if (segment->p_filesz == 0 || segment->p_filesz > max || segment->p_offset > INT64_MAX)
        return NULL;
    return elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, type);
}

/* Like the kernel: the path must end with a NUL, within PATH_MAX bytes. */
static bool read_loader(Elf *elf, const GElf_Phdr *segment, struct image *image)
{
    const Elf_Data *data = piece(elf, segment, PATH_MAX, ELF_T_BYTE);
    const char *path = data != NULL ? data->d_buf : NULL;

    if (path == NULL || data->d_size < 2 || path[data->d_size - 1] != '\0')
        return false;
    memccpy(image->loader, path, '\0', sizeof(image->loader));
    image->libc = libc_of(path);
    image->kind = IMAGE_DYNAMIC;
    return true;
}

static void read_notes(Elf *elf, const GElf_Phdr *segment, struct image *image)
{
    static const char OWNER[] = "Go";
    Elf_Data *data =
        piece(elf, segment, NOTES_MAX, segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
    GElf_Nhdr note;
    size_t next, name, description, offset = 0;

    while (data != NULL && (next = gelf_getnote(data, offset, &note, &name, &description)) > 0) {
        image->is_go =
            image->is_go || (note.n_type == NT_GO_BUILD_ID && note.n_namesz == sizeof(OWNER) + 1 &&
                             memcmp((const char *)data->d_buf + name, OWNER, sizeof(OWNER)) == 0);
        offset = next;
    }
}

/* The piece of the file that is mapped to an address, of at most SONAME_MAX bytes. */
static const Elf_Data *mapped(Elf *elf, size_t headers, uint64_t address)
{
    GElf_Phdr segment;

    for (size_t i = 0; i < headers; i++) {
        if (gelf_getphdr(elf, (int)i, &segment) == NULL || segment.p_type != PT_LOAD ||
            address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
            continue;
        uint64_t skipped = address - segment.p_vaddr;
        if (__builtin_add_overflow(segment.p_offset, skipped, &segment.p_offset))
            return NULL;
        segment.p_filesz -= skipped;
        if (segment.p_filesz > SONAME_MAX)
            segment.p_filesz = SONAME_MAX;
        return piece(elf, &segment, SONAME_MAX, ELF_T_BYTE);
    }
    return NULL;
}

static void read_soname(Elf *elf, size_t headers, uint64_t address, struct image *image)
{
    const Elf_Data *data = mapped(elf, headers, address);

    if (data == NULL || memchr(data->d_buf, '\0', data->d_size) == NULL)
        return;
    image->libc = libc_of(data->d_buf);
    if (image->libc == IMAGE_GLIBC)
        image->kind = IMAGE_LOADER;
}

static void read_dynamic(Elf *elf, const GElf_Phdr *segment, size_t headers, struct image *image)
{
    Elf_Data *data = piece(elf, segment, DYNAMIC_MAX, ELF_T_DYN);
    uint64_t strings = 0, soname = 0;
    GElf_Dyn entry;

    for (int i = 0; data != NULL && gelf_getdyn(data, i, &entry) != NULL; i++) {
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_NEEDED)
            image->has_needed = true;
        else if (entry.d_tag == DT_STRTAB)
            strings = entry.d_un.d_ptr;
        else if (entry.d_tag == DT_SONAME)
            soname = entry.d_un.d_val;
    }
    if (image->kind == IMAGE_PIE && strings != 0 && soname != 0)
        read_soname(elf, headers, strings + soname, image);
}

static void read_segments(Elf *elf, struct image *image)
{
    size_t headers;
    GElf_Phdr segment, dynamic = {.p_type = PT_NULL};

    if (elf_getphdrnum(elf, &headers) != 0 || headers == 0 || headers > HEADERS_MAX) {
        image->kind = IMAGE_NONE;
        return;
    }
    for (size_t i = 0; i < headers; i++) {
        if (gelf_getphdr(elf, (int)i, &segment) == NULL ||
            (segment.p_type == PT_INTERP && !read_loader(elf, &segment, image))) {
            image->kind = IMAGE_NONE;
            return;
        }
        if (segment.p_type == PT_NOTE)
            read_notes(elf, &segment, image);
        if (segment.p_type == PT_DYNAMIC)
            dynamic = segment;
    }
    if (dynamic.p_type == PT_DYNAMIC)
        read_dynamic(elf, &dynamic, headers, image);
}

static void read_elf(Elf *elf, struct image *image)
{
    GElf_Ehdr header;

    if (elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL ||
        (header.e_type != ET_EXEC && header.e_type != ET_DYN))
        return;
    image->kind = header.e_type == ET_EXEC ? IMAGE_STATIC : IMAGE_PIE;
    image->bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    image->machine = header.e_machine;
    image->is_native = header.e_machine == __ehdr_start.e_machine &&
                       header.e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
                       header.e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA];
    if (header.e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA])
        read_segments(elf, image);
}

/* ELF_C_READ, not a mapping: the file may shrink meanwhile. */
void image_read(int fd, struct image *image)
{
    *image = (struct image){.kind = IMAGE_NONE};
    if (elf_version(EV_CURRENT) == EV_NONE)
        return;
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf == NULL)
        return;
    read_elf(elf, image);
    elf_end(elf);
}
