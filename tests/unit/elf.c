#include "unit_program.h"

#include <sys/mman.h>

#include "program/elf.h"

static struct elf elf;

static void read_bytes(const void *bytes, size_t size)
{
    int fd = memfd_create("elf", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    elf_read(fd, &elf);
    assert_true(elf.kind <= ELF_LOADER);
    assert_true(memchr(elf.loader, '\0', sizeof(elf.loader)) != NULL);
    close(fd);
}

static enum elf_kind kind_of(const struct crafted *c)
{
    read_bytes(c, sizeof(*c));
    return elf.kind;
}

/* ---- what is read ---- */

TEST(kinds)
{
    const struct parts parts[] = {
        [ELF_STATIC] = {.type = ET_EXEC},
        [ELF_PIE] = {.soname = "libother.so.2"},
        [ELF_DYNAMIC] = {.loader = "/lib/ld-musl-x86_64.so.1", .needs = true, .note = "Go"},
        [ELF_LOADER] = {.soname = "ld-linux-x86-64.so.2"},
    };

    for (enum elf_kind kind = ELF_STATIC; kind <= ELF_LOADER; kind++) {
        struct crafted c = craft(&parts[kind]);
        assert_int_equal(kind_of(&c), kind);
        assert_int_equal(elf.abi, ELF_NATIVE);
        assert_int_equal(elf.machine, __ehdr_start.e_machine);
        assert_int_equal(elf.bits, 8 * sizeof(void *));
        assert_int_equal(elf.is_go, kind == ELF_DYNAMIC);
        assert_int_equal(elf.has_needed, kind == ELF_DYNAMIC);
        assert_string_equal(elf.loader, kind == ELF_DYNAMIC ? parts[kind].loader : "");
    }
    struct crafted object = craft(&(struct parts){.type = ET_REL});
    assert_int_equal(kind_of(&object), ELF_NONE);
}

/* The kernel takes the first loader, whose path ends with a zero. */
TEST(loaders)
{
    const struct parts parts = {.loader = "/lib/first"};
    struct crafted c = craft(&parts);

    c.segment[2] = c.segment[1];
    c.segment[2].p_offset += 5;
    c.segment[2].p_filesz -= 5;
    assert_int_equal(kind_of(&c), ELF_DYNAMIC);
    assert_string_equal(elf.loader, "/lib/first");
    c.segment[1].p_filesz--;
    assert_int_equal(kind_of(&c), ELF_NONE);
    c.segment[1].p_filesz = 1;
    assert_int_equal(kind_of(&c), ELF_NONE);
}

TEST(long_loader)
{
    const struct parts parts = {.loader = "/"};
    struct {
        struct crafted c;
        char loader[2 * ELF_LOADER_MAX];
    } file = {.c = craft(&parts)};

    memset(file.loader, 'a', sizeof(file.loader));
    file.c.segment[1].p_offset = sizeof(file.c);
    file.c.segment[1].p_filesz = ELF_LOADER_MAX;
    file.loader[ELF_LOADER_MAX - 1] = '\0';
    read_bytes(&file, sizeof(file));
    assert_int_equal(elf.kind, ELF_DYNAMIC);
    assert_int_equal(strlen(elf.loader), ELF_LOADER_MAX - 1);
    file.c.segment[1].p_filesz++;
    file.loader[ELF_LOADER_MAX] = '\0';
    read_bytes(&file, sizeof(file));
    assert_int_equal(elf.kind, ELF_NONE);
}

TEST(32_bits)
{
    struct {
        Elf32_Ehdr header;
        Elf32_Phdr segment;
        char loader[16];
    } file = {craft_32(EM_386), {.p_type = PT_INTERP}, "/lib/ld-linux"};

    file.segment.p_offset = offsetof(__typeof__(file), loader);
    file.segment.p_filesz = sizeof(file.loader);
    read_bytes(&file, sizeof(file));
    assert_int_equal(elf.kind, ELF_DYNAMIC);
    assert_int_equal(elf.bits, 32);
    assert_string_equal(elf.loader, "/lib/ld-linux");
}

TEST(headers_as_for_the_kernel)
{
    const struct parts parts = {.type = ET_EXEC};
    struct crafted c = craft(&parts);
    struct {
        struct crafted c;
        char more[1 << 16];
    } file = {.c = c};

    c.header.e_phentsize++;
    assert_int_equal(kind_of(&c), ELF_NONE);
    c.header.e_phentsize--;
    c.header.e_phnum = 0;
    assert_int_equal(kind_of(&c), ELF_NONE);
    file.c.header.e_phnum = 65536 / sizeof(ElfW(Phdr));
    read_bytes(&file, sizeof(file));
    assert_int_equal(elf.kind, ELF_STATIC);
    file.c.header.e_phnum++;
    read_bytes(&file, sizeof(file));
    assert_int_equal(elf.kind, ELF_NONE);
}

TEST(pascal)
{
    static const struct {
        bool is_pascal;
        const char *section, *import, *loader;
    } cases[] = {
        {true, ".fpcdata", NULL, "ld.so.1"},
        {true, ".fpcdata", "write", "ld.so.1"},
        {true, ".fpcdata", "bindresvport", "ld.so.1"},
        {false, ".fpcdata", "bind", "ld.so.1"},
        {false, ".fpcdata", "socket", "ld.so.1"},
        {false, ".fpcdata", NULL, "ld-musl-x86_64.so.1"},
        {false, ".fpcdatum", NULL, "ld.so.1"},
        {false, ".text", NULL, "ld.so.1"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct parts parts = {.loader = cases[i].loader,
                                    .needs = true,
                                    .section = cases[i].section,
                                    .import = cases[i].import};
        struct crafted c = craft(&parts);
        assert_int_equal(kind_of(&c), ELF_DYNAMIC);
        if (elf.is_pascal != cases[i].is_pascal)
            fail_msg("case %zu", i);
    }
    /* Without a table of symbols, and with the name at the very end of the table. */
    struct crafted c = craft(&(struct parts){.loader = "ld.so.1", .section = ".fpcdata"});
    c.section[1].sh_type = SHT_PROGBITS;
    c.section[3].sh_size = sizeof(".fpcdata");
    kind_of(&c);
    assert_true(elf.is_pascal);
    c.section[3].sh_size--;
    kind_of(&c);
    assert_false(elf.is_pascal);
}

/* The table is read in parts. */
TEST(pascal_among_many_sections)
{
    struct {
        struct crafted c;
        char names[4096];
    } file = {craft(&(struct parts){.loader = "ld.so.1", .section = ".text"}), ""};
    const size_t last = sizeof(file.names) - sizeof(".fpcdata");

    file.c.section[3].sh_offset = offsetof(__typeof__(file), names);
    file.c.section[3].sh_size = sizeof(file.names);
    for (size_t i = 0; i <= last; i++) {
        memset(file.names, 'x', sizeof(file.names));
        memcpy(file.names + i, ".fpcdata", sizeof(".fpcdata"));
        read_bytes(&file, sizeof(file));
        if (!elf.is_pascal)
            fail_msg("not found at %zu", i);
    }
    memset(file.names, 'x', sizeof(file.names));
    read_bytes(&file, sizeof(file));
    assert_false(elf.is_pascal);
}

/* ---- files that are not what they seem ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Each length up to where the headers end, and then in leaps; and flipped bytes, most in the headers. */
static void spoil(unsigned char *bytes, size_t size)
{
    enum { HEADERS = 1024, ROUNDS = 5000, FLIPS = 6 };
    uint32_t seed = 1;

    for (size_t cut = 0; cut <= size; cut += cut < HEADERS ? 7 : size / 50 + 1)
        read_bytes(bytes, cut);
    for (int round = 0; round < ROUNDS; round++) {
        size_t place[FLIPS];
        unsigned char before[FLIPS];
        for (int i = 0; i < FLIPS; i++) {
            place[i] = next_random(&seed) % (i > 0 && size > HEADERS ? HEADERS : size);
            before[i] = bytes[place[i]];
            bytes[place[i]] = (unsigned char)next_random(&seed);
        }
        read_bytes(bytes, size);
        for (int i = FLIPS - 1; i >= 0; i--)
            bytes[place[i]] = before[i];
    }
}

TEST(spoilt_files)
{
    static unsigned char bytes[1 << 18];
    const struct parts parts = {.loader = "/l", .needs = true, .note = "Go"},
                       itself = {.soname = "ld-linux-x86-64.so.2"};
    struct crafted c = craft(&parts);
    FILE *file = fopen("/bin/true", "re");

    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    spoil(bytes, size);
    spoil((unsigned char *)&c, sizeof(c));
    c = craft(&itself);
    spoil((unsigned char *)&c, sizeof(c));
    c = craft(&(struct parts){.loader = "ld.so.1", .section = ".fpcdata", .import = "bind"});
    spoil((unsigned char *)&c, sizeof(c));
}

/* Sizes and places that add up to something small again. */
TEST(overflows)
{
    const struct parts itself = {.soname = "ld-linux-x86-64.so.2"};
    static const uint64_t values[] = {UINT64_MAX, UINT64_MAX - 63, INT64_MAX, 1ULL << 40, 0};

    for (size_t i = 0; i < COUNT(values); i++) {
        for (int which = 0; which < SEGMENTS; which++) {
            struct crafted c = craft(&itself);
            c.segment[which].p_offset = (ElfW(Off))values[i];
            kind_of(&c);
            c.segment[which].p_filesz =
                (__typeof__(c.segment[which].p_filesz))values[COUNT(values) - 1 - i];
            kind_of(&c);
            c.segment[which].p_vaddr = (ElfW(Addr))values[i];
            kind_of(&c);
        }
        struct crafted c = craft(&itself);
        c.header.e_phoff = (ElfW(Off))values[i];
        kind_of(&c);
    }
    struct crafted c = craft(&itself);
    c.header.e_phnum = UINT16_MAX;
    kind_of(&c);
}
