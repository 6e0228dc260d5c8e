/* Programs that are crafted for the unit tests, in a folder of their own. */
#pragma once

#include "unit.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static char folder[64];

/* ---- files ---- */

static inline const char *path_of(const char *name)
{
    static char path[2][PATH_MAX];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static inline void write_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* A script; in its text, @ stands for the folder. */
static inline void write_script(const char *name, const char *content)
{
    char buf[PATH_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    for (const char *c = content; *c != '\0'; c++) {
        if (*c == '@')
            text_string(&text, folder);
        else
            text_char(&text, *c);
    }
    write_file(name, buf, text.used, 0755);
}

/* What a crafted program consists of. */
struct parts {
    uint16_t type, machine;
    bool is_swapped; /* to the other byte order */
    const char *loader;
    bool needs; /* DT_NEEDED */
    const char *note;
    const char *soname;
    const char *section; /* the name of one */
    const char *import;  /* a function */
};

enum { SEGMENTS = 4, SECTIONS = 4 };

struct crafted {
    ElfW(Ehdr) header;
    ElfW(Phdr) segment[SEGMENTS];
    char loader[64];
    struct {
        ElfW(Nhdr) head;
        char owner[4];
        char description[8];
    } note;
    ElfW(Dyn) dynamic[4];
    char strings[64];
    ElfW(Shdr) section[SECTIONS]; /* the named one, and those of symbols, strings, and names */
    ElfW(Sym) symbol[2];
    char names[64];
};

static inline ElfW(Phdr) segment(uint32_t type, size_t offset, size_t size)
{
    return (ElfW(Phdr)){.p_type = type,
                        .p_offset = offset,
                        .p_vaddr = offset,
                        .p_filesz = size,
                        .p_memsz = size,
                        .p_align = 4};
}

static inline void add_dynamic(struct crafted *c, const struct parts *parts)
{
    size_t count = 0;

    if (parts->needs)
        c->dynamic[count++] = (ElfW(Dyn)){.d_tag = DT_NEEDED, .d_un.d_val = 1};
    c->dynamic[count++] =
        (ElfW(Dyn)){.d_tag = DT_STRTAB, .d_un.d_ptr = offsetof(struct crafted, strings)};
    if (parts->soname != NULL) {
        c->dynamic[count] = (ElfW(Dyn)){.d_tag = DT_SONAME, .d_un.d_val = 1};
        snprintf(c->strings + 1, sizeof(c->strings) - 1, "%s", parts->soname);
    }
}

static inline ElfW(Shdr) section(uint32_t type, size_t offset, size_t size, uint32_t link)
{
    return (ElfW(Shdr)){.sh_type = type, .sh_offset = offset, .sh_size = size, .sh_link = link};
}

static inline void add_sections(struct crafted *c, const struct parts *parts)
{
    c->header.e_shoff = offsetof(struct crafted, section);
    c->header.e_shentsize = sizeof(ElfW(Shdr));
    c->header.e_shnum = SECTIONS;
    c->header.e_shstrndx = 3;
    snprintf(c->names, sizeof(c->names), "%s", parts->section);
    c->symbol[1].st_name = sizeof(c->strings) / 2;
    snprintf(c->strings + c->symbol[1].st_name, sizeof(c->strings) / 2, "%s",
             parts->import != NULL ? parts->import : "");
    c->section[0] = section(SHT_PROGBITS, 0, 0, 0);
    c->section[1] = section(SHT_DYNSYM, offsetof(struct crafted, symbol), sizeof(c->symbol), 2);
    c->section[2] = section(SHT_STRTAB, offsetof(struct crafted, strings), sizeof(c->strings), 0);
    c->section[3] = section(SHT_STRTAB, offsetof(struct crafted, names), sizeof(c->names), 0);
}

static inline struct crafted craft(const struct parts *parts)
{
    struct crafted c = {.header = __ehdr_start};

    c.header.e_type = parts->type != 0 ? parts->type : ET_DYN;
    if (parts->machine != 0)
        c.header.e_machine = parts->machine;
    if (parts->is_swapped) {
        c.header.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
        c.header.e_type = __builtin_bswap16(c.header.e_type);
        c.header.e_machine = __builtin_bswap16(c.header.e_machine);
        c.header.e_version = __builtin_bswap32(c.header.e_version);
    }
    c.header.e_phoff = offsetof(struct crafted, segment);
    c.header.e_phnum = SEGMENTS;
    c.header.e_shoff = 0;
    c.header.e_shnum = 0;
    c.header.e_shstrndx = 0;
    c.segment[0] = segment(PT_LOAD, 0, sizeof(c));
    if (parts->loader != NULL) {
        snprintf(c.loader, sizeof(c.loader), "%s", parts->loader);
        c.segment[1] =
            segment(PT_INTERP, offsetof(struct crafted, loader), strlen(parts->loader) + 1);
    }
    if (parts->note != NULL) {
        c.note.head = (ElfW(Nhdr)){.n_namesz = 4, .n_descsz = 8, .n_type = 4};
        snprintf(c.note.owner, sizeof(c.note.owner), "%s", parts->note);
        c.segment[2] = segment(PT_NOTE, offsetof(struct crafted, note), sizeof(c.note));
    }
    add_dynamic(&c, parts);
    if (parts->section != NULL)
        add_sections(&c, parts);
    c.segment[3] = segment(PT_DYNAMIC, offsetof(struct crafted, dynamic), sizeof(c.dynamic));
    return c;
}

/* The same in 32 bits, without anything in it. */
static inline Elf32_Ehdr craft_32(uint16_t machine)
{
    Elf32_Ehdr header = {.e_type = ET_EXEC, .e_machine = machine, .e_version = EV_CURRENT};

    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = __ehdr_start.e_ident[EI_DATA];
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_ehsize = sizeof(header);
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = 1;
    return header;
}

static inline void write_32(const char *name, uint16_t machine)
{
    struct {
        Elf32_Ehdr header;
        Elf32_Phdr segment;
    } file = {craft_32(machine), {.p_type = PT_LOAD}};

    write_file(name, &file, sizeof(file), 0755);
}

static inline void write_program(const char *name, const struct parts *parts)
{
    struct crafted c = craft(parts);

    write_file(name, &c, sizeof(c), 0755);
}

/* A loader's path that is there, with a name of the kind. */
static inline const char *loader(const char *name)
{
    const char *path = path_of(name);

    write_file(name, "", 0, 0755);
    return path;
}

static inline int make_folder(void **state)
{
    const char *base = getenv("TMPDIR");

    (void)state;
    if (base == NULL || strlen(base) > sizeof(folder) - 24)
        base = "/tmp";
    snprintf(folder, sizeof(folder), "%s/remap-unit.XXXXXX", base);
    if (mkdtemp(folder) == NULL)
        return -1;
    return setenv("PATH", folder, 1);
}

static inline int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "/bin/rm -rf '%s'", folder);
    return system(command); /* NOLINT(bugprone-command-processor,cert-env33-c): our own folder */
}
