#include "unit_program.h"

#include <errno.h>

#include "cli/describe.h"

/* What a look has come along. */
static struct program program;
static struct verdict verdict;
static bool takes_musl;
static char decides[PATH_FOUND_MAX];
static struct {
    char path[PATH_FOUND_MAX];
    enum program_role role;
    enum program_kind kind;
    bool is_ignored;
} seen[PROGRAM_FILES_MAX];

/* Returns whether the command can be executed. */
static bool look(const char *command)
{
    static char found[PATH_FOUND_MAX];

    verdict = (struct verdict){.path = decides, .loaders.takes_musl = takes_musl};
    program_begin_command(&program, command, found);
    while (program_next(&program)) {
        int at = program.count - 1;
        assert_true(at < PROGRAM_FILES_MAX);
        text_copy(seen[at].path, sizeof(seen[at].path), program.path);
        seen[at].role = program.role;
        seen[at].kind = program.kind;
        seen[at].is_ignored = program.privilege.is_ignored;
        verdict_add(&verdict, &program);
    }
    return program.error == 0;
}

static const char *last_path(void)
{
    return seen[program.count - 1].path;
}

static enum verdict_reason reason_of(const char *name)
{
    if (!look(name))
        fail_msg("%s: error %d of %s", name, program.error, last_path());
    return verdict.reason;
}

/* Checks the verdict on a command, and that an exec of it has the same. */
static void check_verdict(const char *name, enum verdict_engine engine, enum verdict_reason reason)
{
    int error;

    if (reason_of(name) != reason || verdict.engine != engine)
        fail_msg("%s: engine %d, reason %d", name, verdict.engine, verdict.reason);
    errno = 77;
    assert_int_equal(
        verdict_of_exec(path_of(name), (struct verdict_loaders){.takes_musl = takes_musl}, &error),
        engine);
    assert_int_equal(error, 0);
    assert_int_equal(errno, 77);
}

static void check(const char *name, const struct parts *parts, enum verdict_engine engine,
                  enum verdict_reason reason)
{
    write_program(name, parts);
    check_verdict(name, engine, reason);
}

/* ---- kinds of programs ---- */

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
    static const char *const glibc[] = {"ld-linux-x86-64.so.2", "ld-linux.so.2", "ld64.so.1",
                                        "ld.so.1", "ld-2.31.so"};

    for (size_t i = 0; i < COUNT(glibc); i++) {
        const struct parts parts = {.loader = loader(glibc[i]), .needs = true};
        check("glibc", &parts, VERDICT_PRELOAD, VERDICT_IS_DYNAMIC);
    }
    const struct parts cgo = {.loader = loader("ld64.so.1"), .needs = true, .note = "Go"};
    check("cgo", &cgo, VERDICT_NOTIFY, VERDICT_IS_GO);
    const struct parts pascal = {
        .loader = loader("ld64.so.1"), .needs = true, .section = ".fpcdata"};
    check("pascal", &pascal, VERDICT_NOTIFY, VERDICT_IS_PASCAL);
    const struct parts bare = {.loader = loader("ld-linux.so.2")};
    check("bare", &bare, VERDICT_NOTIFY, VERDICT_IS_WITHOUT_LIBC);
    const struct parts musl = {.loader = loader("ld-musl-x86_64.so.1"), .needs = true};
    check("musl", &musl, VERDICT_NOTIFY, VERDICT_IS_MUSL);
    takes_musl = true;
    check_verdict("musl", VERDICT_PRELOAD, VERDICT_IS_MUSL_TAKEN);
    const struct parts alone = {.loader = loader("ld-musl-x86_64.so.1")};
    check("musl-alone", &alone, VERDICT_NOTIFY, VERDICT_IS_MUSL);
    takes_musl = false;
    const struct parts other = {.loader = loader("ld64-uClibc.so.0"), .needs = true};
    check("other", &other, VERDICT_NOTIFY, VERDICT_IS_OTHER_LIBC);
    const struct parts itself = {.soname = "ld-linux-x86-64.so.2"};
    check("itself", &itself, VERDICT_PRELOAD, VERDICT_IS_DYNAMIC);
    const struct parts library = {.soname = "libother.so.2"};
    check("library", &library, VERDICT_NOTIFY, VERDICT_IS_STATIC);
}

TEST(broken_files)
{
    const struct parts fixed = {.type = ET_EXEC};
    const struct crafted c = craft(&fixed);

    write_file("short", &c, sizeof(c.header), 0755);
    check_verdict("short", VERDICT_PRELOAD, VERDICT_IS_BROKEN);
    write_file("magic", &c, SELFMAG, 0755);
    check_verdict("magic", VERDICT_PRELOAD, VERDICT_IS_BROKEN);
}

/* As /lib64/ld-lsb-x86-64.so.3, which is a link to glibc's. */
TEST(loader_by_its_soname)
{
    const struct parts glibc = {.soname = "ld-linux-x86-64.so.2"}, other = {.soname = "libc.so"};
    const struct parts parts = {.loader = path_of("ld-lsb-x86-64.so.3"), .needs = true};

    write_program("ld-lsb-x86-64.so.3", &glibc);
    check("lsb", &parts, VERDICT_PRELOAD, VERDICT_IS_DYNAMIC);
    write_program("ld-lsb-x86-64.so.3", &other);
    check("other lsb", &parts, VERDICT_NOTIFY, VERDICT_IS_OTHER_LIBC);
}

TEST(32_bits)
{
    bool is_x86 = __ehdr_start.e_machine == EM_X86_64;

    write_32("i386", EM_386);
    write_32("x32", EM_X86_64);
    write_32("other", EM_MIPS);
    check_verdict("other", VERDICT_NEITHER, VERDICT_IS_FOREIGN);
    if (!is_x86)
        return;
    check_verdict("i386", VERDICT_NOTIFY, VERDICT_IS_32_BIT);
    check_verdict("x32", VERDICT_NEITHER, VERDICT_IS_X32);
}

/* One's own bits change nothing; others' are tried in tests/e2e/doctor. */
TEST(own_bits)
{
    const struct parts glibc = {.loader = loader("ld-linux-x86-64.so.2"), .needs = true},
                       fixed = {.type = ET_EXEC};

    for (int i = 0; i < 2; i++) {
        enum verdict_engine engine = i == 0 ? VERDICT_PRELOAD : VERDICT_NOTIFY;
        enum verdict_reason reason = i == 0 ? VERDICT_IS_DYNAMIC : VERDICT_IS_STATIC;
        write_program("own", i == 0 ? &glibc : &fixed);
        assert_int_equal(chown(path_of("own"), getuid(), getgid()), 0);
        assert_int_equal(chmod(path_of("own"), 06755), 0);
        check_verdict("own", engine, reason);
        assert_true(seen[0].is_ignored);
        assert_int_equal(chmod(path_of("own"), 0755), 0);
        check_verdict("own", engine, reason);
        assert_false(seen[0].is_ignored);
    }
}

/* ---- what cannot be executed ---- */

TEST(faults)
{
    const struct parts orphan = {.loader = "/nowhere/ld-linux.so.2", .needs = true};
    const struct {
        const char *command, *fault;
        int error;
    } cases[] = {
        {"nothing", "'nothing' does not exist", ENOENT},
        {"", "'' does not exist", ENOENT},
        {"/nowhere/x", "'/nowhere/x' does not exist", ENOENT},
        {"/dev/null/x", "'/dev/null/x' does not exist", ENOTDIR},
        {"/", "'/' cannot be executed", EACCES},
        {"plain", "'@/plain' cannot be executed", EACCES},
        {"orphan", "'/nowhere/ld-linux.so.2', the loader of '@/orphan', does not exist", ENOENT},
        {"lost", "its interpreter '/nowhere/sh' does not exist", ENOENT},
        {"by-env", "'python99', executed by env, does not exist", ENOENT},
        {"crlf", "the line '#!/bin/sh' ends in CR LF", ENOENT},
        {"crlf-env", "the line '#!/usr/bin/env sh' ends in CR LF", ENOENT},
    };

    write_file("plain", "", 0, 0644);
    write_program("orphan", &orphan);
    write_script("lost", "#!/nowhere/sh\n");
    write_script("by-env", "#!/usr/bin/env python99\n");
    write_script("crlf", "#!/bin/sh\r\n");
    write_script("crlf-env", "#!/usr/bin/env sh\r\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *at = strchr(cases[i].fault, '@');
        char expected[256], got[256];
        struct text text;

        assert_false(look(cases[i].command));
        assert_int_equal(program.error, cases[i].error);
        snprintf(expected, sizeof(expected), "%.*s%s%s",
                 (int)(at != NULL ? at - cases[i].fault : PATH_MAX), cases[i].fault,
                 at != NULL ? folder : "", at != NULL ? at + 1 : "");
        text_init(&text, got, sizeof(got));
        describe_fault(&program, &text);
        assert_string_equal(got, expected);
        assert_string_not_equal(describe_fault_way_out(&program), "");
    }
}

/* An exec of what the kernel does not execute is for the kernel to judge. */
TEST(exec)
{
    const struct parts fixed = {.type = ET_EXEC}, lost = {.loader = "/nowhere/ld-musl-x.so.1"};
    const struct {
        const char *name;
        int error;
    } cases[] = {
        {"text", ENOEXEC}, {"lost", ENOENT}, {"nothing", ENOENT}, {"plain", EACCES}, {"by-env", 0}};
    int error;

    write_script("text", "echo\n");
    write_program("p", &fixed);
    write_program("lost", &lost);
    write_file("plain", "", 0, 0644);
    write_script("by-env", "#!/usr/bin/env p\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(
            verdict_of_exec(path_of(cases[i].name), (struct verdict_loaders){0}, &error),
            VERDICT_PRELOAD);
        assert_int_equal(error, cases[i].error);
    }
    assert_int_equal(verdict_of_exec((const char *)8, (struct verdict_loaders){0}, &error),
                     VERDICT_PRELOAD);
    assert_int_equal(error, EFAULT);
    assert_int_equal(verdict_of_exec("", (struct verdict_loaders){0}, &error), VERDICT_PRELOAD);
    assert_int_equal(error, ENOENT);
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
        "#!/usr/bin/env @/p\n",
        "#!/usr/bin/env -S p -u\n",
        "#!/usr/bin/env -S A=1 p\n",
        "#!/usr/bin/env -Sp\n",
        "#!/usr/bin/env --split-string=p\n",
        "#!/usr/bin/env -S -i @/p\n",
    };

    write_program("p", &fixed);
    for (size_t i = 0; i < COUNT(SCRIPTS); i++) {
        write_script("script", SCRIPTS[i]);
        if (reason_of("script") != VERDICT_IS_STATIC || strcmp(decides, path_of("p")) != 0)
            fail_msg("%s: reason %d of %s", SCRIPTS[i], verdict.reason, decides);
        assert_int_equal(seen[0].kind, PROGRAM_SCRIPT);
    }
}

/* The kernel reads 256 bytes. Without a newline among them it drops the last one. */
TEST(long_lines)
{
    const struct parts fixed = {.type = ET_EXEC};
    char line[400];
    int name = (int)strlen(path_of("p"));
    const struct {
        const char *after;
        int blanks; /* in front of the interpreter */
        bool is_script;
    } cases[] = {
        {"\n", 253 - name, true}, {"", 253 - name, true},          {"\t", 253 - name, true},
        {"x", 253 - name, false}, {"\n", 254 - name, false},       {"", 254 - name, false},
        {" x", 252 - name, true}, {"                 x", 0, true},
    };

    write_program("p", &fixed);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int size = snprintf(line, sizeof(line), "#!%*s%s%s", cases[i].blanks, "", path_of("p"),
                            cases[i].after);
        write_file("long", line, (size_t)size, 0755);
        assert_true(look("long"));
        if ((seen[0].kind == PROGRAM_SCRIPT) != cases[i].is_script)
            fail_msg("case %zu: %d", i, seen[0].kind);
    }
}

TEST(lines_that_end_at_env)
{
    static const char *const SCRIPTS[] = {
        "#!/usr/bin/env p -u\n",     "#!/usr/bin/env\n",           "#!/usr/bin/env A=1\n",
        "#!/usr/bin/env -S\n",       "#!/usr/bin/env -i\n",        "#!/usr/bin/env -S PATH=/ p\n",
        "#!/usr/bin/env -S \"p\"\n", "#!/usr/bin/env -S -u A p\n", "#!/usr/bin/env -S -i p\n",
    };

    for (size_t i = 0; i < COUNT(SCRIPTS); i++) {
        write_script("script", SCRIPTS[i]);
        bool is_found = look("script");
        /* "p -u" is one name, for env. Without PATH, env does not find p. */
        if (i == 0 || i == COUNT(SCRIPTS) - 1)
            assert_string_equal(last_path(), i == 0 ? "p -u" : "p");
        else if (!is_found || strcmp(last_path(), "/usr/bin/env") != 0)
            fail_msg("%s: %s", SCRIPTS[i], last_path());
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
        assert_true(look("text"));
        assert_true(program.count >= 2);
        assert_int_equal(seen[0].kind, PROGRAM_TEXT);
        assert_int_equal(seen[1].role, PROGRAM_BY_SHELL);
        assert_string_equal(seen[1].path, "/bin/sh");
    }
}

static void check_too_deep(const char *name, bool is_for_exec)
{
    int error;

    assert_false(look(name));
    assert_int_equal(program.error, ELOOP);
    assert_int_equal(
        verdict_of_exec(path_of(name), (struct verdict_loaders){.takes_musl = takes_musl}, &error),
        VERDICT_PRELOAD);
    assert_int_equal(error, is_for_exec ? ELOOP : 0);
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
    check_verdict("s5", VERDICT_NOTIFY, VERDICT_IS_STATIC);
    assert_int_equal(program.count, PROGRAM_SCRIPTS_MAX + 1);
    check_too_deep("s6", true);
    write_script("self", "#!@/self\n");
    check_too_deep("self", true);
    write_script("circle", "#!/usr/bin/env circle\n");
    check_too_deep("circle", false);
}

/* ---- PATH ---- */

static void set_path(const char *format)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), format, folder, folder);
    assert_int_equal(setenv("PATH", path, 1), 0);
}

TEST(path)
{
    const struct parts fixed = {.type = ET_EXEC};
    char path[PATH_MAX];

    write_program("p", &fixed);
    assert_int_equal(mkdir(path_of("first"), 0755), 0);
    write_file("first/p", "", 0, 0644);
    set_path("/nowhere:%s/first:%s");
    assert_true(look("p"));
    assert_string_equal(seen[0].path, path_of("p"));
    set_path("%s/first:/nowhere");
    assert_false(look("p"));
    assert_int_equal(program.error, EACCES);
    assert_string_equal(seen[0].path, path_of("first/p"));
    assert_int_equal(chdir(folder), 0);
    setenv("PATH", "/nowhere:", 1);
    assert_true(look("p"));
    assert_string_equal(seen[0].path, "p");
    setenv("PATH", "/nowhere", 1);
    assert_false(look("p"));
    assert_int_equal(program.error, ENOENT);
    unsetenv("PATH");
    assert_true(look("sh"));
    setenv("PATH", folder, 1);
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_false(look(path));
    assert_int_equal(program.error, ENAMETOOLONG);
}

/* Where execvp(3) goes on after an error, and where it ends. */
TEST(path_after_errors)
{
    const struct parts fixed = {.type = ET_EXEC},
                       orphan = {.loader = "/nowhere/ld-linux.so.2", .needs = true};

    write_program("p", &fixed);
    assert_int_equal(mkdir(path_of("second"), 0755), 0);
    set_path("%s/second:%s");
    write_script("second/p", "#!/nowhere/sh\n");
    assert_true(look("p"));
    assert_string_equal(seen[0].path, path_of("p"));
    write_program("second/p", &orphan);
    assert_true(look("p"));
    assert_string_equal(seen[0].path, path_of("p"));
    assert_int_equal(unlink(path_of("second/p")), 0);
    assert_int_equal(symlink("p", path_of("second/p")), 0);
    assert_false(look("p"));
    assert_int_equal(program.error, ELOOP);
    set_path("%s/p:%s");
    assert_true(look("p"));
    assert_string_equal(seen[0].path, path_of("p"));
    write_script("script", "#!/usr/bin/env p\n");
    assert_true(look("script"));
    assert_string_equal(decides, path_of("p"));
    setenv("PATH", folder, 1);
}

/* ---- verdicts ---- */

TEST(order_of_reasons)
{
    struct program p = {.path = "/x", .elf = {.kind = ELF_STATIC, .bits = 64, .abi = ELF_NATIVE}};
    struct privilege *privilege = &p.privilege;
    const struct {
        enum verdict_reason reason;
        bool *set;
    } steps[] = {{VERDICT_IS_CAPABLE_IN_VAIN, &privilege->has_capabilities},
                 {VERDICT_IS_CAPABLE, NULL},
                 {VERDICT_IS_SET_GID, &privilege->set_gid},
                 {VERDICT_IS_SET_UID, &privilege->set_uid}};

    privilege->without_gain = privilege->has_capabilities = true;
    verdict = (struct verdict){0};
    verdict_add(&verdict, &p);
    assert_int_equal(verdict.reason, VERDICT_IS_STATIC);
    p.kind = PROGRAM_UNREADABLE;
    for (size_t i = 0; i < COUNT(steps); i++) {
        privilege->without_gain = i == 0;
        if (steps[i].set != NULL)
            *steps[i].set = true;
        verdict = (struct verdict){0};
        verdict_add(&verdict, &p);
        assert_int_equal(verdict.reason, steps[i].reason);
    }
    p.kind = PROGRAM_ELF;
    p.elf.abi = ELF_FOREIGN;
    verdict_add(&verdict, &p);
    assert_int_equal(verdict.reason, VERDICT_IS_FOREIGN);
}

TEST(texts)
{
    char buf[512], path[] = "/x\ny";
    struct text text;

    for (int reason = VERDICT_IS_DYNAMIC; reason <= VERDICT_IS_FOREIGN; reason++) {
        struct verdict v = {.engine = reason < VERDICT_IS_STATIC    ? VERDICT_PRELOAD
                                      : reason < VERDICT_IS_SET_UID ? VERDICT_NOTIFY
                                                                    : VERDICT_NEITHER,
                            .reason = (enum verdict_reason)reason,
                            .path = path};
        text_init(&text, buf, sizeof(buf));
        describe_reason(&v, &text);
        assert_memory_equal(buf, "'/x?y' ", 7);
        assert_true(text.used > 7 && !text.cut);
        assert_true(describe_way_out(&v)[0] != '\0' || v.engine == VERDICT_PRELOAD);
    }
}

int unit_set_up(void **state)
{
    return make_folder(state);
}

int unit_tear_down(void **state)
{
    return remove_folder(state);
}
