/*
 * A file of any bytes as a program: what it is said to be makes sense, and the way along its
 * interpreters ends.
 */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "input.h"
#include "program/program.h"
#include "program/verdict.h"

static char path[64];

static void remove_file(void)
{
    unlink(path);
}

/* The one file that all inputs are written to. */
static int open_file(void)
{
    if (path[0] == '\0') {
        const char *folder = getenv("TMPDIR");
        snprintf(path, sizeof(path), "%.32s/fuzz-program.%d", folder != NULL ? folder : "/tmp",
                 getpid());
        atexit(remove_file);
    }
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
}

/* Half of them begin as ELF files of this machine do: most others would be refused at once. */
static bool write_file(struct input *in)
{
    Elf64_Ehdr head = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(head),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_ehsize = sizeof(head),
        .e_shentsize = sizeof(Elf64_Shdr)};
    unsigned kind = input_below(in, 4);
    int fd = open_file();

    if (fd < 0)
        return false;
    head.e_phnum = (Elf64_Half)input_below(in, 8);
    head.e_shnum = (Elf64_Half)input_below(in, 8);
    head.e_shoff = input_number(in, 1) * 8;
    bool is_written = (kind > 1 || write(fd, &head, sizeof(head)) == sizeof(head)) &&
                      (kind != 2 || write(fd, "#!", 2) == 2) &&
                      write(fd, in->at, in->size) == (ssize_t)in->size;
    close(fd);
    return is_written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char found[PATH_FOUND_MAX];
    struct input in = {data, size};
    struct program p;
    int files = 0;

    if (!write_file(&in))
        return 0;
    program_begin_command(&p, path, found);
    while (program_next(&p)) {
        CHECK(++files <= PROGRAM_FILES_MAX && p.path != NULL && p.kind <= PROGRAM_TEXT);
        CHECK(p.argument == NULL || memchr(p.argument, '\0', PROGRAM_HEAD) != NULL);
    }
    return 0;
}
