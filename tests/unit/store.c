/* The registry in a file. */
#include "registry/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit_registry.h"

static char folder[] = "/tmp/remap-unit.XXXXXX";

static int make_folder(void **state)
{
    memset(folder + sizeof(folder) - 7, 'X', 6);
    *state = mkdtemp(folder);
    return *state == NULL;
}

static void remove_state(const char *in)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/state/registry.3", in);
    unlink(path);
    snprintf(path, sizeof(path), "%s/state", in);
    if (unlink(path) != 0)
        rmdir(path);
}

static int remove_folder(void **state)
{
    remove_state(*state);
    return rmdir(*state);
}

/* For TEST: *state is a folder, where the registry is in the folder state. */
#define IN_FOLDER .setup_func = make_folder, .teardown_func = remove_folder

static struct registry *open_state(const char *in, const char **problem)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/state", in);
    return store_open(path, problem);
}

static int write_registry(const char *in, const void *bytes, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/state", in);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/state/registry.3", in);
    FILE *file = fopen(path, "w");
    return file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0;
}

TEST(file_outlives_who_wrote_it, IN_FOLDER)
{
    const char *problem;
    struct registry *r = open_state(*state, &problem);
    struct stat st;
    char path[64];

    assert_non_null(r);
    put(r, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    registry_destroy(r);
    r = open_state(*state, &problem);
    assert_non_null(r);
    assert_int_equal(asked_port(r, "tcp/0.0.0.0:8080"), 80);
    registry_destroy(r);
    snprintf(path, sizeof(path), "%s/state", (char *)*state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    snprintf(path, sizeof(path), "%s/state/registry.3", (char *)*state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(st.st_size >= 1 && st.st_size <= 2 << 20);
}

static mode_t mode_of(const char *in, const char *name)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", in, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* Daemons take rights from the files that they make, and others of the tree must open these. */
TEST(made_under_a_narrow_umask, IN_FOLDER)
{
    const char *problem;

    static const mode_t NARROW[] = {022, 0177, 0277, 0377};

    for (size_t i = 0; i < sizeof(NARROW) / sizeof(NARROW[0]); i++) {
        mode_t before = umask(NARROW[i]);
        struct registry *r = open_state(*state, &problem);
        umask(before);
        assert_non_null(r);
        registry_destroy(r);
        assert_int_equal(mode_of(*state, "state"), 0700);
        assert_int_equal(mode_of(*state, "state/registry.3"), 0600);
        remove_state(*state);
    }
}

TEST(link_is_refused, IN_FOLDER)
{
    char path[64];
    const char *problem = NULL;

    snprintf(path, sizeof(path), "%s/state", (char *)*state);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_null(open_state(*state, &problem));
    assert_string_equal(problem,
                        "is not a folder, or is a symbolic link: set another in REMAP_STATE");
}

TEST(open_folder_is_refused, IN_FOLDER)
{
    char path[64];
    const char *problem = NULL;

    snprintf(path, sizeof(path), "%s/state", (char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0750), 0);
    assert_null(open_state(*state, &problem));
    assert_string_equal(problem, "is accessible to others: run chmod 700 on it");
}

TEST(other_version_is_refused, IN_FOLDER)
{
    const char *problem = NULL;

    assert_int_equal(write_registry(*state, "remap.99", 8), 0);
    assert_null(open_state(*state, &problem));
    assert_string_equal(problem, "contains a registry of another version: remove it");
}

static void read_file(const char *in, char *bytes, size_t size, off_t *whole)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof(path), "%s/state/registry.3", in);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(bytes, 1, size, file), size);
    assert_int_equal(fstat(fileno(file), &st), 0);
    *whole = st.st_size;
    fclose(file);
}

/* A file of the user, whatever its size, that has the registry's name by accident. */
TEST(foreign_file_is_refused_and_left_alone, IN_FOLDER)
{
    static const char text[] = "PORT=80\nHOST=example.org\n";
    const char *problem = NULL;
    char now[sizeof(text)];
    off_t whole;

    for (size_t size = 1; size < sizeof(text); size++) {
        assert_int_equal(write_registry(*state, text, size), 0);
        assert_null(open_state(*state, &problem));
        assert_string_equal(problem, "contains a registry of another version: remove it");
        read_file(*state, now, size, &whole);
        assert_int_equal(whole, size);
        assert_memory_equal(now, text, size);
    }
}

/* Ends with 0 if the registry can be used, or with 1. */
static void use_state(const char *in, int begin, rlim_t file_size)
{
    const struct rlimit limit = {file_size, file_size};
    const char *problem;
    char byte;

    setrlimit(RLIMIT_FSIZE, &limit);
    if (read(begin, &byte, 1) != 1)
        _exit(2);
    struct registry *r = open_state(in, &problem);
    for (unsigned port = 1; r != NULL && port < 1000; port += 7) {
        struct registry_entry e = {.asked = unit_endpoint("tcp/127.0.0.1:80"), .netns = NETNS};
        e.actual = e.asked;
        e.actual.port = (uint16_t)(8000 + port);
        registry_put(r, &e);
    }
    _exit(r == NULL);
}

static int wait_for(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* One of two that make the file may not make it as large. It must not make it shorter, either. */
TEST(made_by_two_at_once_with_a_limit, IN_FOLDER)
{
    enum { TURNS = 300, SLOW_TURNS = 20, SMALL = 4096 };
    int turns = getenv("UNIT_IS_SLOW") != NULL ? SLOW_TURNS : TURNS;

    for (int i = 0; i < turns; i++) {
        int begin[2];
        pid_t pid[2];
        assert_int_equal(pipe(begin), 0);
        for (int j = 0; j < 2; j++) {
            pid[j] = fork();
            assert_true(pid[j] >= 0);
            if (pid[j] == 0)
                use_state(*state, begin[0], j == 0 ? RLIM_INFINITY : SMALL);
        }
        assert_int_equal(write(begin[1], "xx", 2), 2);
        assert_int_equal(wait_for(pid[0]), 0);
        int limited = wait_for(pid[1]);
        assert_true(WIFEXITED(limited) && WEXITSTATUS(limited) <= 1);
        close(begin[0]);
        close(begin[1]);
        remove_state(*state);
    }
}

/* Bytes of all kinds, behind a right beginning: nothing crashes. */
TEST(corrupt_file, IN_FOLDER)
{
    enum { SIZE = 1700000 };
    const uint64_t begin = UINT64_C(0x34302e70616d6572); /* "remap.04" */
    unsigned char *bytes = malloc(SIZE);
    const char *problem;

    assert_non_null(bytes);
    for (unsigned seed = 1; seed <= 20; seed++) {
        srand(seed);
        for (size_t i = 0; i < SIZE; i++)
            bytes[i] = (unsigned char)(seed < 10 ? rand() : rand() % 3);
        memcpy(bytes, &begin, sizeof(begin));
        assert_int_equal(write_registry(*state, bytes, SIZE), 0);
        struct registry *r = open_state(*state, &problem);
        assert_non_null(r);
        struct registry_entry e, wanted = {.asked = unit_endpoint("tcp/0.0.0.0:80")};
        bool in_way;
        for (unsigned port = 1; port < 65536; port += 101) {
            struct endpoint actual = {PROTO_TCP, {.family = AF_INET}, (uint16_t)port};
            registry_by_actual(r, NETNS, &actual, &e);
            registry_in_way(r, NETNS, &actual, &e);
        }
        registry_by_asked(r, &wanted, &e, &in_way);
        put(r, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
        asked_port(r, "tcp/0.0.0.0:8080");
        registry_destroy(r);
    }
    free(bytes);
}
