#include "preload/look.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/text.h"
#include "linux/sys.h"
#include "preload/string_array.h"

enum {
    HEAD_SIZE = 256,   /* what the kernel looks at, too (BINPRM_BUF_SIZE) */
    SCRIPTS_MAX = 5,   /* each the interpreter of the one before (exec_binprm in fs/exec.c) */
    SEGMENTS_MAX = 64, /* programs have a dozen */
    SEGMENTS_READ = 8, /* at a time, for a small stack */
    NOTES_MAX = 64,
    GO_BUILD_ID = 4, /* cmd/internal/buildid */
};

union head {
    char text[HEAD_SIZE];
    ElfW(Ehdr) elf;
};

/* This library's own ELF header, by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* ---- ELF ---- */

/* Of the machines that one processor runs, none has a library for the other. */
static bool is_of_this_processor(unsigned machine)
{
    switch (__ehdr_start.e_machine) {
    case EM_X86_64:
    case EM_386:
        return machine == EM_X86_64 || machine == EM_386;
    case EM_AARCH64:
    case EM_ARM:
        return machine == EM_AARCH64 || machine == EM_ARM;
    default:
        return machine == __ehdr_start.e_machine;
    }
}

/* This program's own interpreter; NULL where it has none. */
static const char *own_interpreter(void)
{
    const ElfW(Phdr) *segments = (const void *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    uintptr_t base = 0;

    for (unsigned long i = 0; segments != NULL && i < count; i++) {
        if (segments[i].p_type == PT_PHDR)
            base = (uintptr_t)segments - segments[i].p_vaddr;
        if (segments[i].p_type == PT_INTERP)
            return (const char *)(base + segments[i].p_vaddr);
    }
    return NULL;
}

/* Whether it is glibc's, by its name: ld-linux-x86-64.so.2, ld-linux.so.2 and so on. */
static bool is_own_loader(const char *interpreter)
{
    static const char name[] = "ld-linux";
    const char *own = own_interpreter(), *slash = strrchr(interpreter, '/');

    return (own != NULL && strcmp(own, interpreter) == 0) ||
           strncmp(slash != NULL ? slash + 1 : interpreter, name, sizeof(name) - 1) == 0;
}

static bool reads_own_loader(int fd, const ElfW(Phdr) * segment)
{
    char interpreter[HEAD_SIZE];
    size_t size = segment->p_filesz;

    if (size == 0 || size > sizeof(interpreter) ||
        sys_pread(fd, interpreter, size, segment->p_offset) != (ssize_t)size)
        return false;
    interpreter[size - 1] = '\0';
    return is_own_loader(interpreter);
}

static uint64_t aligned(uint64_t size, uint64_t alignment)
{
    return (size + alignment - 1) & ~(alignment - 1);
}

/* A note's header, and as much of its name. */
struct note {
    ElfW(Nhdr) header;
    char name[4];
};

static bool is_go(const struct note *n)
{
    return n->header.n_namesz == sizeof(n->name) && n->header.n_type == GO_BUILD_ID &&
           memcmp(n->name, "Go\0", sizeof(n->name)) == 0;
}

static bool has_go_note(int fd, const ElfW(Phdr) * segment)
{
    uint64_t alignment = segment->p_align == 8 ? 8 : 4, at = 0;
    struct note n;

    for (int i = 0; i < NOTES_MAX && at + sizeof(n) <= segment->p_filesz; i++) {
        if (sys_pread(fd, &n, sizeof(n), segment->p_offset + at) != sizeof(n))
            return false;
        if (is_go(&n))
            return true;
        at += aligned(sizeof(n.header) + n.header.n_namesz, alignment);
        at += aligned(n.header.n_descsz, alignment);
    }
    return false;
}

static bool read_segments(int fd, const ElfW(Ehdr) * elf, unsigned first, ElfW(Phdr) * segments)
{
    size_t count = elf->e_phnum - first, size = sizeof(*segments);

    size *= count < SEGMENTS_READ ? count : SEGMENTS_READ;
    return sys_pread(fd, segments, size, elf->e_phoff + first * sizeof(*segments)) == (ssize_t)size;
}

static bool segments_pass_by(int fd, const ElfW(Ehdr) * elf)
{
    ElfW(Phdr) segments[SEGMENTS_READ];
    bool is_loaded = false;

    for (unsigned i = 0; i < elf->e_phnum; i++) {
        const ElfW(Phdr) *segment = &segments[i % SEGMENTS_READ];
        if (i % SEGMENTS_READ == 0 && !read_segments(fd, elf, i, segments))
            return false;
        if (segment->p_type == PT_INTERP)
            is_loaded = reads_own_loader(fd, segment);
        if (segment->p_type == PT_NOTE && has_go_note(fd, segment))
            return true;
    }
    return !is_loaded;
}

static bool elf_passes_by(int fd, const ElfW(Ehdr) * elf)
{
    /* e_type and e_machine lie at the same place in both classes. */
    if ((elf->e_type != ET_EXEC && elf->e_type != ET_DYN) ||
        elf->e_ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
        !is_of_this_processor(elf->e_machine))
        return false;
    if (elf->e_ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
        elf->e_machine != __ehdr_start.e_machine)
        return true;
    if (elf->e_phentsize != sizeof(ElfW(Phdr)) || elf->e_phnum > SEGMENTS_MAX)
        return false;
    return segments_pass_by(fd, elf);
}

/* ---- scripts ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The path behind "#!", as the kernel reads it (load_script in fs/binfmt_script.c). */
static bool take_interpreter(const char *text, size_t size, char path[HEAD_SIZE])
{
    size_t at = 2, length = 0;

    while (at < size && is_blank(text[at]))
        at++;
    while (at + length < size && !is_blank(text[at + length]) && text[at + length] != '\n' &&
           text[at + length] != '\0')
        length++;
    if (length == 0 || at + length == HEAD_SIZE)
        return false; /* none, or cut */
    memcpy(path, text + at, length);
    path[length] = '\0';
    return true;
}

/* ---- files ---- */

static bool is_program(const char *path, struct statx *st)
{
    return sys_statx(path, STATX_TYPE | STATX_MODE, st) == 0 && S_ISREG(st->stx_mode) &&
           sys_access(path, X_OK) == 0;
}

bool look_is_program(const char *path)
{
    int saved = errno;
    struct statx st;
    bool is = is_program(path, &st);

    errno = saved;
    return is;
}

/* Opens what may be executed and gives no rights. -1 where there is a doubt. */
static int open_program(const char *path)
{
    struct statx st;

    if (!is_program(path, &st) || (st.stx_mode & (S_ISUID | S_ISGID)) != 0)
        return -1;
    return sys_open(path, O_RDONLY | O_NONBLOCK);
}

enum verdict { DOUBT, PASSES_BY, SCRIPT };

/* Of a script, the interpreter is written to `path`, which may be where its own was. */
static enum verdict look_at(const char *file, char path[HEAD_SIZE])
{
    union head head;
    enum verdict verdict = DOUBT;
    int fd = open_program(file);

    if (fd < 0)
        return DOUBT;
    ssize_t size = sys_pread(fd, &head, sizeof(head), 0);
    if (size >= (ssize_t)sizeof(head.elf) && memcmp(head.text, ELFMAG, SELFMAG) == 0)
        verdict = elf_passes_by(fd, &head.elf) ? PASSES_BY : DOUBT;
    else if (size > 2 && head.text[0] == '#' && head.text[1] == '!' &&
             take_interpreter(head.text, (size_t)size, path))
        verdict = SCRIPT;
    sys_close(fd);
    return verdict;
}

bool look_passes_by(const char *path)
{
    char interpreter[HEAD_SIZE];
    int saved = errno;
    enum verdict verdict = look_at(path, interpreter);

    for (int i = 0; verdict == SCRIPT && i < SCRIPTS_MAX; i++)
        verdict = look_at(interpreter, interpreter);
    errno = saved;
    return verdict == PASSES_BY;
}

/* ---- execveat ---- */

/* The path of an open file, if that is where it still is. */
static bool name_of(int fd, char path[PATH_MAX])
{
    struct statx here, there;
    struct text link;
    char name[32];

    text_init(&link, name, sizeof(name));
    text_string(&link, "/proc/self/fd/");
    text_number(&link, (unsigned long)fd);
    ssize_t size = sys_readlinkat(AT_FDCWD, name, path, PATH_MAX - 1);
    if (size <= 0 || path[0] != '/')
        return false;
    path[size] = '\0';
    return sys_statx_fd(fd, STATX_INO, &here) == 0 && sys_statx(path, STATX_INO, &there) == 0 &&
           here.stx_ino == there.stx_ino && here.stx_dev_major == there.stx_dev_major &&
           here.stx_dev_minor == there.stx_dev_minor;
}

static bool find_name(int folder, const char *file, int flags, char path[PATH_MAX])
{
    uintptr_t page = 0;

    if (!string_array_begins(file, &page))
        return false;
    if (file[0] == '\0')
        return folder >= 0 && (flags & AT_EMPTY_PATH) != 0 && name_of(folder, path);
    int fd = sys_openat(folder, file, O_PATH);
    if (fd < 0)
        return false;
    bool is_found = name_of(fd, path);
    sys_close(fd);
    return is_found;
}

bool look_name(int folder, const char *file, int flags, char path[PATH_MAX])
{
    int saved = errno;
    bool is_found = (flags & ~AT_EMPTY_PATH) == 0 && find_name(folder, file, flags, path);

    errno = saved;
    return is_found;
}
