#include "unit.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verdict.h"

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static char folder[64];
static struct program program;

/* ---- files ---- */

static const char *path_of(const char *name)
{
    static char path[2][PATH_MAX];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static void write_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* A script; in its text, @ stands for the folder. */
static void write_script(const char *name, const char *content)
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
};

enum { SEGMENTS = 4 };

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
};

static ElfW(Phdr) segment(uint32_t type, size_t offset, size_t size)
{
    return (ElfW(Phdr)){.p_type = type,
                        .p_offset = offset,
                        .p_vaddr = offset,
                        .p_filesz = size,
                        .p_memsz = size,
                        .p_align = 4};
}

static void add_dynamic(struct crafted *c, const struct parts *parts)
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

static struct crafted craft(const struct parts *parts)
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
    c.segment[3] = segment(PT_DYNAMIC, offsetof(struct crafted, dynamic), sizeof(c.dynamic));
    return c;
}

/* The same in 32 bits, without anything in it. */
static Elf32_Ehdr craft_32(uint16_t machine)
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

static void write_32(const char *name, uint16_t machine)
{
    struct {
        Elf32_Ehdr header;
        Elf32_Phdr segment;
    } file = {craft_32(machine), {.p_type = PT_LOAD}};

    write_file(name, &file, sizeof(file), 0755);
}

static void write_program(const char *name, const struct parts *parts)
{
    struct crafted c = craft(parts);

    write_file(name, &c, sizeof(c), 0755);
}

/* A loader's path that is there, with a name of the kind. */
static const char *loader(const char *name)
{
    const char *path = path_of(name);

    write_file(name, "", 0, 0755);
    return path;
}

int unit_set_up(void **state)
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

int unit_tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "/bin/rm -rf '%s'", folder);
    return system(command); /* NOLINT(bugprone-command-processor,cert-env33-c): our own folder */
}

/* ---- what is seen ---- */

static struct verdict verdict_on(const char *name)
{
    if (!program_look(name, &program))
        fail_msg("%s: state %d of %s", name, program.state, program.file[program.count - 1].path);
    return verdict_of(&program);
}

static void check(const char *name, const struct parts *parts, enum verdict_engine engine,
                  enum verdict_reason reason)
{
    write_program(name, parts);
    struct verdict v = verdict_on(name);
    if (v.engine != engine || v.reason != reason)
        fail_msg("%s: engine %d, reason %d", name, v.engine, v.reason);
}

TEST(kinds)
{
    const struct parts fixed = {.type = ET_EXEC}, pie = {0}, go = {.type = ET_EXEC, .note = "Go"},
                       other_note = {.type = ET_EXEC, .note = "GNU"},
                       machine = {.type = ET_EXEC, .machine = EM_68K}, order = {.is_swapped = true};

    check("static", &fixed, VERDICT_NOTIFY, VERDICT_IS_STATIC);
    check("static-pie", &pie, VERDICT_NOTIFY, VERDICT_IS_STATIC);
    check("go", &go, VERDICT_NOTIFY, VERDICT_IS_GO);
    check("not go", &other_note, VERDICT_NOTIFY, VERDICT_IS_STATIC);
    check("foreign", &machine, VERDICT_NEITHER, VERDICT_IS_FOREIGN);
    check("of another order", &order, VERDICT_NEITHER, VERDICT_IS_FOREIGN);
}

TEST(loaders)
{
    const struct parts glibc = {.loader = loader("ld-linux-x86-64.so.2"), .needs = true};

    check("glibc", &glibc, VERDICT_PRELOAD, VERDICT_IS_DYNAMIC);
    const struct parts cgo = {.loader = loader("ld64.so.1"), .needs = true, .note = "Go"};
    check("cgo", &cgo, VERDICT_NOTIFY, VERDICT_IS_GO);
    const struct parts bare = {.loader = loader("ld-linux.so.2")};
    check("bare", &bare, VERDICT_NOTIFY, VERDICT_IS_WITHOUT_LIBC);
    const struct parts musl = {.loader = loader("ld-musl-x86_64.so.1"), .needs = true};
    check("musl", &musl, VERDICT_NOTIFY, VERDICT_IS_MUSL);
    const struct parts other = {.loader = loader("ld64-uClibc.so.0"), .needs = true};
    check("other", &other, VERDICT_NOTIFY, VERDICT_IS_OTHER_LIBC);
    const struct parts itself = {.soname = "ld-linux-x86-64.so.2"};
    check("itself", &itself, VERDICT_PRELOAD, VERDICT_IS_DYNAMIC);
    const struct parts library = {.soname = "libother.so.2"};
    check("library", &library, VERDICT_NOTIFY, VERDICT_IS_STATIC);
}

TEST(programs_of_32_bits)
{
    write_32("i386", EM_386);
    write_32("x32", EM_X86_64);
    write_32("other", EM_MIPS);
    bool is_x86 = __ehdr_start.e_machine == EM_X86_64;
    assert_int_equal(verdict_on("i386").reason, is_x86 ? VERDICT_IS_32_BIT : VERDICT_IS_FOREIGN);
    assert_int_equal(verdict_on("x32").reason, is_x86 ? VERDICT_IS_X32 : VERDICT_IS_FOREIGN);
    assert_int_equal(verdict_on("other").reason, VERDICT_IS_FOREIGN);
}

TEST(what_cannot_be_executed)
{
    const struct parts orphan = {.loader = "/nowhere/ld-linux.so.2", .needs = true};
    const struct {
        const char *command, *fault;
        enum program_state state;
    } cases[] = {
        {"nothing", "'nothing' is not there", PROGRAM_MISSING},
        {"", "'' is not there", PROGRAM_MISSING},
        {"/nowhere/x", "'/nowhere/x' is not there", PROGRAM_MISSING},
        {"/", "'/' cannot be executed", PROGRAM_DENIED},
        {"plain", "'@/plain' cannot be executed", PROGRAM_DENIED},
        {"orphan", "'/nowhere/ld-linux.so.2', the loader of '@/orphan' is not there",
         PROGRAM_NO_LOADER},
        {"lost", "'/nowhere/sh', which '@/lost' wants is not there", PROGRAM_MISSING},
        {"by-env", "'python99', which '/usr/bin/env' wants is not there", PROGRAM_MISSING},
    };

    write_file("plain", "", 0, 0644);
    write_program("orphan", &orphan);
    write_script("lost", "#!/nowhere/sh\n");
    write_script("by-env", "#!/usr/bin/env python99\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *at = strchr(cases[i].fault, '@');
        char expected[256], got[256];
        struct text text;

        assert_false(program_look(cases[i].command, &program));
        assert_int_equal(program.state, cases[i].state);
        snprintf(expected, sizeof(expected), "%.*s%s%s",
                 (int)(at != NULL ? at - cases[i].fault : PATH_MAX), cases[i].fault,
                 at != NULL ? folder : "", at != NULL ? at + 1 : "");
        text_init(&text, got, sizeof(got));
        program_fault_text(&program, &text);
        assert_string_equal(got, expected);
        assert_int_equal(verdict_of(&program).engine, VERDICT_PRELOAD);
        text_init(&text, got, sizeof(got));
        program_fault_way_out(&program, &text);
        assert_true(text.used > 0);
    }
}

/* ---- scripts ---- */

TEST(lines)
{
    const struct parts fixed = {.type = ET_EXEC};
    static const char *const SCRIPTS[] = {
        "#!@/p\n",
        "#! \t@/p\n",
        "#!@/p -x -y \n",
        "#!@/p",
        "#!@/p\t",
        "#!/usr/bin/env p\n",
        "#!/usr/bin/env -S p -u\n",
        "#!/usr/bin/env -S A=1 p\n",
        "#!/usr/bin/env -Sp\n",
        "#!/usr/bin/env --split-string=p\n",
    };

    write_program("p", &fixed);
    for (size_t i = 0; i < COUNT(SCRIPTS); i++) {
        write_script("script", SCRIPTS[i]);
        struct verdict v = verdict_on("script");
        if (v.reason != VERDICT_IS_STATIC || strcmp(v.file->path, path_of("p")) != 0)
            fail_msg("%s: reason %d of %s", SCRIPTS[i], v.reason, v.file->path);
        assert_int_equal(program.file[0].kind, PROGRAM_SCRIPT);
    }
}

TEST(lines_that_end_at_env)
{
    static const char *const SCRIPTS[] = {
        "#!/usr/bin/env p -u\n",     "#!/usr/bin/env\n",           "#!/usr/bin/env A=1\n",
        "#!/usr/bin/env -S\n",       "#!/usr/bin/env -i\n",        "#!/usr/bin/env -S PATH=/ p\n",
        "#!/usr/bin/env -S \"p\"\n", "#!/usr/bin/env -S -u A p\n",
    };

    for (size_t i = 0; i < COUNT(SCRIPTS); i++) {
        write_script("script", SCRIPTS[i]);
        bool is_found = program_look("script", &program);
        const struct program_file *last = &program.file[program.count - 1];
        /* "p -u" is one name, for env. */
        if (i == 0)
            assert_string_equal(last->path, "p -u");
        else if (!is_found || strcmp(last->path, "/usr/bin/env") != 0)
            fail_msg("%s: %s", SCRIPTS[i], last->path);
    }
}

/* Anything else is for the shell, as execvp(3) has it. */
TEST(text)
{
    char line[300] = "#!";

    memset(line + 2, 'a', sizeof(line) - 3);
    const char *const contents[] = {"", "echo\n", "#!\n", "#! \t\n", "#", line};
    for (size_t i = 0; i < COUNT(contents); i++) {
        write_script("text", contents[i]);
        assert_true(program_look("text", &program));
        assert_true(program.count >= 2);
        assert_int_equal(program.file[0].kind, PROGRAM_TEXT);
        assert_int_equal(program.file[1].role, PROGRAM_BY_SHELL);
        assert_string_equal(program.file[1].path, "/bin/sh");
    }
}

TEST(depth)
{
    const struct parts fixed = {.type = ET_EXEC};
    char name[16], content[32];

    write_program("p", &fixed);
    write_script("s1", "#!@/p\n");
    for (int i = 2; i <= PROGRAM_SCRIPTS_MAX + 1; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        snprintf(content, sizeof(content), "#!@/s%d\n", i - 1);
        write_script(name, content);
    }
    assert_true(program_look("s5", &program));
    assert_int_equal(program.count, PROGRAM_SCRIPTS_MAX + 1);
    assert_false(program_look("s6", &program));
    assert_int_equal(program.state, PROGRAM_TOO_DEEP);
    write_script("self", "#!@/self\n");
    assert_false(program_look("self", &program));
    assert_int_equal(program.state, PROGRAM_TOO_DEEP);
    write_script("circle", "#!/usr/bin/env circle\n");
    assert_false(program_look("circle", &program));
    assert_int_equal(program.state, PROGRAM_TOO_DEEP);
}

TEST(path)
{
    const struct parts fixed = {.type = ET_EXEC};
    char path[PATH_MAX];

    write_program("p", &fixed);
    assert_int_equal(mkdir(path_of("first"), 0755), 0);
    write_file("first/p", "", 0, 0644);
    snprintf(path, sizeof(path), "/nowhere:%s/first:%s", folder, folder);
    setenv("PATH", path, 1);
    assert_true(program_look("p", &program));
    assert_string_equal(program.file[0].path, path_of("p"));
    snprintf(path, sizeof(path), "%s/first:/nowhere", folder);
    setenv("PATH", path, 1);
    assert_false(program_look("p", &program));
    assert_int_equal(program.state, PROGRAM_DENIED);
    assert_int_equal(chdir(folder), 0);
    setenv("PATH", "/nowhere:", 1);
    assert_true(program_look("p", &program));
    assert_string_equal(program.file[0].path, "p");
    unsetenv("PATH");
    assert_true(program_look("sh", &program));
    setenv("PATH", folder, 1);
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_false(program_look(path, &program));
}

/* ---- privileges ---- */

/* One's own bits change nothing; others' are tried in tests/e2e/doctor. */
TEST(own_bits)
{
    const struct parts glibc = {.loader = loader("ld-linux-x86-64.so.2"), .needs = true};

    write_program("own", &glibc);
    assert_int_equal(chown(path_of("own"), getuid(), getgid()), 0);
    assert_int_equal(chmod(path_of("own"), 06755), 0);
    assert_int_equal(verdict_on("own").reason, VERDICT_IS_DYNAMIC);
    assert_true(program.file[0].privilege.is_ignored);
    assert_int_equal(chmod(path_of("own"), 0755), 0);
    assert_int_equal(verdict_on("own").reason, VERDICT_IS_DYNAMIC);
    assert_false(program.file[0].privilege.is_ignored);
}

TEST(order_of_reasons)
{
    static struct program p = {
        .count = 1,
        .file = {{.path = "/x",
                  .kind = PROGRAM_ELF,
                  .image = {.kind = IMAGE_STATIC, .bits = 64, .is_native = true}}}};
    struct privilege *privilege = &p.file[0].privilege;

    *privilege = (struct privilege){.has_capabilities = true, .without_gain = true};
    assert_int_equal(verdict_of(&p).reason, VERDICT_IS_STATIC);
    p.file[0].kind = PROGRAM_UNREADABLE;
    assert_int_equal(verdict_of(&p).reason, VERDICT_IS_CAPABLE_IN_VAIN);
    privilege->without_gain = false;
    assert_int_equal(verdict_of(&p).reason, VERDICT_IS_CAPABLE);
    privilege->set_gid = true;
    assert_int_equal(verdict_of(&p).reason, VERDICT_IS_SET_GID);
    privilege->set_uid = true;
    assert_int_equal(verdict_of(&p).reason, VERDICT_IS_SET_UID);
    p.file[0].kind = PROGRAM_ELF;
    p.file[0].image.is_native = false;
    assert_int_equal(verdict_of(&p).reason, VERDICT_IS_FOREIGN);
}

TEST(texts)
{
    static const struct program_file file = {.path = "/x\ny"};
    char buf[512];
    struct text text;

    for (int reason = VERDICT_IS_DYNAMIC; reason <= VERDICT_IS_FOREIGN; reason++) {
        struct verdict v = {reason < VERDICT_IS_STATIC    ? VERDICT_PRELOAD
                            : reason < VERDICT_IS_SET_UID ? VERDICT_NOTIFY
                                                          : VERDICT_NEITHER,
                            (enum verdict_reason)reason, &file};
        text_init(&text, buf, sizeof(buf));
        verdict_reason_text(&v, &text);
        assert_memory_equal(buf, "'/x?y' ", 7);
        assert_true(text.used > 7 && !text.cut);
        text_init(&text, buf, sizeof(buf));
        verdict_way_out(&v, &text);
        assert_true(text.used > 0 || v.engine == VERDICT_PRELOAD);
    }
}

/* ---- files that are not what they seem ---- */

static void read_bytes(const unsigned char *bytes, size_t size)
{
    static struct image image;
    int fd = memfd_create("image", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    image_read(fd, &image);
    assert_true(image.kind <= IMAGE_LOADER);
    assert_true(memchr(image.loader, '\0', sizeof(image.loader)) != NULL);
    close(fd);
}

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
            read_bytes((unsigned char *)&c, sizeof(c));
            c.segment[which].p_filesz = (ElfW(Xword))values[COUNT(values) - 1 - i];
            read_bytes((unsigned char *)&c, sizeof(c));
            c.segment[which].p_vaddr = (ElfW(Addr))values[i];
            read_bytes((unsigned char *)&c, sizeof(c));
        }
    }
    struct crafted c = craft(&itself);
    c.header.e_phnum = UINT16_MAX;
    read_bytes((unsigned char *)&c, sizeof(c));
}

TEST(loader_without_an_end)
{
    const struct parts parts = {.loader = loader("ld-linux.so.2"), .needs = true};
    struct crafted c = craft(&parts);

    c.segment[1].p_filesz--;
    write_file("endless", &c, sizeof(c), 0755);
    assert_int_equal(verdict_on("endless").reason, VERDICT_IS_BROKEN);
    write_file("short", &c, sizeof(c.header), 0755);
    assert_int_equal(verdict_on("short").reason, VERDICT_IS_BROKEN);
    write_file("magic", &c, SELFMAG, 0755);
    assert_int_equal(verdict_on("magic").reason, VERDICT_IS_BROKEN);
}
