/* Files and folders of procfs, also such as the kernel never writes. */
#include "linux/procfs.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

/* ---- files ---- */

/* A file with that text, whose path is valid until the next call. */
static const char *file_with(const char *text, size_t size)
{
    static char path[64];
    static int fd = -1;

    if (fd >= 0)
        close(fd);
    fd = memfd_create("file", 0);
    assert_int_equal(write(fd, text, size), size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return path;
}

static const char *file_of(const char *text)
{
    return file_with(text, strlen(text));
}

static struct span span_of(const char *text)
{
    return (struct span){text, text + strlen(text)};
}

static void next_line_is(struct procfs_lines *l, const char *text)
{
    struct span line;

    assert_true(procfs_next_line(l, &line));
    if (!span_is(line, text))
        fail_msg("'%.*s', not '%s'", (int)span_size(line), line.at, text);
}

TEST(lines)
{
    struct procfs_lines l;
    struct span line;

    assert_true(procfs_open_lines(&l, file_of("one\n\ntwo words\nno newline")));
    next_line_is(&l, "one");
    next_line_is(&l, "");
    next_line_is(&l, "two words");
    next_line_is(&l, "no newline");
    assert_false(procfs_next_line(&l, &line));
    assert_false(procfs_next_line(&l, &line));
    procfs_close_lines(&l);
    assert_true(procfs_open_lines(&l, file_of("")));
    assert_false(procfs_next_line(&l, &line));
    procfs_close_lines(&l);
    assert_false(procfs_open_lines(&l, "/proc/self/no_such_file"));
    assert_int_equal(errno, ENOENT);
}

/* Around the size of the buffer, and at the end of the file as well. */
TEST(lines_that_are_too_long)
{
    enum { ROOM = sizeof(((struct procfs_lines *)NULL)->buf) };
    static char text[3 * ROOM];
    const size_t sizes[] = {ROOM - 1, ROOM, ROOM + 1, 2 * ROOM - 1, 2 * ROOM, 2 * ROOM + 1};
    struct procfs_lines l;
    struct span line;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t size = (size_t)snprintf(text, sizeof(text), "first\n%*d\nlast", (int)sizes[i], 0);
        for (int is_last = 0; is_last < 2; is_last++) {
            assert_true(procfs_open_lines(&l, file_with(text, is_last ? 6 + sizes[i] : size)));
            next_line_is(&l, "first");
            assert_true(procfs_next_line(&l, &line));
            assert_int_equal(span_size(line), sizes[i] < ROOM ? sizes[i] : ROOM);
            if (!is_last)
                next_line_is(&l, "last");
            assert_false(procfs_next_line(&l, &line));
            procfs_close_lines(&l);
        }
    }
}

TEST(numbers)
{
    static const struct {
        const char *text;
        unsigned base;
        bool is_number;
        uint64_t number;
    } CASES[] = {
        {"0", 10, true, 0},
        {"31337", 10, true, 31337},
        {"18446744073709551615", 10, true, UINT64_MAX},
        {"18446744073709551616", 10, false, 0},
        {"1F90", 16, true, 0x1f90},
        {"00000000a80425fb", 16, true, 0xa80425fb},
        {"ffffffffffffffff", 16, true, UINT64_MAX},
        {"10000000000000000", 16, false, 0},
        {"", 10, false, 0},
        {"-1", 10, false, 0},
        {"+1", 10, false, 0},
        {"1f", 10, false, 0},
        {"1g", 16, false, 0},
        {"1:2", 16, false, 0},
    };

    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint64_t number = 77;
        bool is = procfs_number(span_of(CASES[i].text), CASES[i].base, &number);
        if (is != CASES[i].is_number || number != (is ? CASES[i].number : 77))
            fail_msg("'%s' is %d, %lu", CASES[i].text, is, (unsigned long)number);
    }
}

TEST(settings)
{
    uint64_t range[2] = {0, 0};

    assert_int_equal(procfs_setting(file_of("1024\n"), 7), 1024);
    assert_int_equal(procfs_setting(file_of("0\n"), 7), 0);
    assert_int_equal(procfs_setting(file_of("\n1\n"), 7), 7);
    assert_int_equal(procfs_setting(file_of(""), 7), 7);
    assert_int_equal(procfs_setting(file_of("on\n"), 7), 7);
    assert_int_equal(procfs_setting("/proc/sys/no/such_setting", 7), 7);
    assert_int_equal(procfs_numbers(file_of("32768\t60999\n"), range, 2), 2);
    assert_int_equal(range[0], 32768);
    assert_int_equal(range[1], 60999);
    assert_int_equal(procfs_numbers(file_of("1 2 3\n"), range, 2), 2);
    assert_int_equal(procfs_numbers(file_of("1\n2\n"), range, 2), 1);
}

TEST(ids)
{
    static const char MAP[] =
        "         0       1000          1\n      1000     100000      65536\n";

    assert_true(procfs_maps_id(file_of(MAP), 0));
    assert_false(procfs_maps_id(file_of(MAP), 1));
    assert_false(procfs_maps_id(file_of(MAP), 999));
    assert_true(procfs_maps_id(file_of(MAP), 1000));
    assert_true(procfs_maps_id(file_of(MAP), 66535));
    assert_false(procfs_maps_id(file_of(MAP), 66536));
    assert_true(procfs_maps_id(file_of("0 0 4294967295\n"), 65534));
    assert_false(procfs_maps_id(file_of(""), 0));
    assert_false(procfs_maps_id(file_of("0 0\n"), 0));
    assert_true(procfs_maps_id("/proc/self/no_such_file", 5));
}

TEST(folder)
{
    struct procfs_folder f;
    const char *name;
    int seen = 0;

    assert_true(procfs_open_folder(&f, "/proc/self"));
    while ((name = procfs_next_name(&f)) != NULL)
        seen += strcmp(name, "status") == 0 || strcmp(name, "fd") == 0 || strcmp(name, ".") == 0;
    procfs_close_folder(&f);
    assert_int_equal(seen, 3);
    assert_false(procfs_open_folder(&f, "/proc/self/status"));
}

/* ---- processes ---- */

TEST(paths)
{
    char path[PROCFS_PATH_MAX];

    procfs_path(path, 0, "fd");
    assert_string_equal(path, "/proc/thread-self/fd");
    procfs_path(path, 4194304, "net/udp6");
    assert_string_equal(path, "/proc/4194304/net/udp6");
}

TEST(names)
{
    char name[PROCFS_NAME_MAX];
    const char *const NAMES[] = {"x", "fifteen letters", "", "a\nb"};

    for (size_t i = 0; i < COUNT(NAMES); i++) {
        prctl(PR_SET_NAME, NAMES[i]);
        procfs_name(0, name);
        assert_string_equal(name, NAMES[i]);
        procfs_name(getpid(), name);
        assert_string_equal(name, NAMES[i]);
    }
    procfs_name(INT32_MAX, name);
    assert_string_equal(name, "");
}

/* A name may look like the end of one. */
TEST(started)
{
    uint64_t own, parent, ticks;

    prctl(PR_SET_NAME, "a) S 1 (b");
    assert_true(procfs_started(0, &own));
    assert_true(procfs_started(getpid(), &ticks));
    assert_int_equal(ticks, own);
    assert_true(procfs_started(getppid(), &parent));
    assert_true(parent >= 1 && parent <= own);
    assert_false(procfs_started(INT32_MAX, &ticks));
}

TEST(status)
{
    uint64_t number = 77;

    assert_true(procfs_status(0, "Tgid:", 10, &number));
    assert_int_equal(number, getpid());
    assert_true(procfs_status(getppid(), "Pid:", 10, &number));
    assert_int_equal(number, getppid());
    number = 77;
    assert_true(procfs_status(0, "CapBnd:", 16, &number));
    assert_int_not_equal(number, 77);
    number = 77;
    errno = 0;
    assert_false(procfs_status(0, "NoSuchField:", 10, &number));
    assert_int_equal(errno, ESRCH);
    assert_false(procfs_status(0, "State:", 10, &number));
    errno = 0;
    assert_false(procfs_status(INT32_MAX, "Tgid:", 10, &number));
    assert_int_equal(errno, ESRCH);
    assert_int_equal(number, 77);
}

TEST(inodes)
{
    struct stat st;

    assert_int_equal(stat("/proc/self/ns/user", &st), 0);
    assert_int_equal(procfs_inode(0, "ns/user"), st.st_ino);
    assert_int_equal(procfs_inode(getpid(), "ns/user"), st.st_ino);
    assert_int_equal(procfs_inode(INT32_MAX, "ns/user"), 0);
}

TEST(links)
{
    char target[64];

    assert_true(procfs_link(0, "ns/net", target, sizeof(target)) > 0);
    assert_memory_equal(target, "net:[", 5);
    const ssize_t length = (ssize_t)strlen(target);

    assert_int_equal(procfs_link(0, "ns/net", target, (size_t)length + 1), length);
    assert_int_equal(procfs_link(0, "ns/net", target, (size_t)length), -1);
    assert_int_equal(procfs_link(0, "no_such_file", target, sizeof(target)), -1);
}
