/* Paths that others can change or read, and paths that they cannot. */
#include "linux/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

enum { SOMEBODY = 65534 };

/* What a case is about, beside a file "file". The folder that the test works in is "." */
struct change {
    mode_t folder, file;
    bool is_folder_of_others, is_file_of_others;
};

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    text_copy(folder, sizeof(folder), "/tmp/remap-trust.XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0 || chmod(".", 0755) != 0 ||
           mkdir("in", 0755) != 0 || close(creat("in/file", 0644)) != 0 ||
           symlink("in/file", "link") != 0 || symlink("none", "nowhere") != 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return unlink("in/file") + rmdir("in") + unlink("link") + unlink("nowhere") + rmdir(folder);
}

static void apply(const struct change *c)
{
    assert_int_equal(chmod("in", c->folder), 0);
    assert_int_equal(chmod("in/file", c->file), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown("in", c->is_folder_of_others ? SOMEBODY : 0, 0), 0);
        assert_int_equal(chown("in/file", c->is_file_of_others ? SOMEBODY : 0, 0), 0);
    }
}

static char *absolute(const char *path)
{
    static char buf[PATH_MAX];

    snprintf(buf, sizeof(buf), "%s/%s", folder, path);
    return buf;
}

TEST(who_can_change, .setup_func = make_folder, .teardown_func = remove_folder)
{
    static const struct {
        const char *path;
        enum config_trust trust;
        struct change change;
    } cases[] = {
        {"in/file", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"./in/../in//file", CONFIG_TRUSTED, {0700, 0600, false, false}},
        {"in", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"in/none", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"in/none/none", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"in/file/none", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"link", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"link", CONFIG_UNTRUSTED, {0777, 0644, false, false}},
        {"nowhere", CONFIG_TRUSTED, {0755, 0644, false, false}},
        {"in/file", CONFIG_UNTRUSTED, {0755, 0664, false, false}},
        {"in/file", CONFIG_UNTRUSTED, {0755, 0646, false, false}},
        {"in/file", CONFIG_UNTRUSTED, {0775, 0644, false, false}},
        {"in/file", CONFIG_UNTRUSTED, {0755, 0644, true, false}},
        {"in/file", CONFIG_UNTRUSTED, {0755, 0644, false, true}},
        {"in/file", CONFIG_UNTRUSTED, {01777, 0644, false, true}},
        {"in/file", CONFIG_TRUSTED, {01777, 0644, false, false}},
        {"in/none", CONFIG_TRUSTED_IF_MADE, {01777, 0644, false, false}},
        {"in/none/none", CONFIG_UNTRUSTED_ABSENT, {01777, 0644, false, false}},
        {"in/none", CONFIG_UNTRUSTED_ABSENT, {0777, 0644, false, false}},
        {"in/none", CONFIG_UNTRUSTED_ABSENT, {0755, 0644, true, false}},
    };

    if (geteuid() != 0) { /* only root can make files of others */
        assert_int_equal(trust_of("in/file"), CONFIG_UNTRUSTED);
        return;
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        apply(&cases[i].change);
        errno = 1234;
        if (trust_of(cases[i].path) != cases[i].trust ||
            trust_of(absolute(cases[i].path)) != cases[i].trust || errno != 1234)
            fail_msg("case %zu: %s", i, cases[i].path);
    }
    assert_int_equal(trust_of("/dev/null"), CONFIG_TRUSTED);
    apply(&cases[0].change);
}

TEST(who_can_read, .setup_func = make_folder, .teardown_func = remove_folder)
{
    static const struct {
        const char *path;
        bool is_public;
        struct change change;
    } cases[] = {
        {"in/file", true, {0755, 0644, false, false}},
        {"in/file", true, {0711, 0604, true, true}},
        {"in/file", false, {0755, 0640, false, false}},
        {"in/file", false, {0750, 0644, false, true}},
        {"link", true, {0755, 0644, false, false}},
        {"in", false, {0755, 0644, false, false}},
        {"in/none", false, {0755, 0644, false, false}},
    };
    int fd = open("in/file", O_RDONLY | O_CLOEXEC);

    for (size_t i = 0; i < COUNT(cases); i++) {
        apply(&cases[i].change);
        if (trust_is_public(absolute(cases[i].path), fd) != cases[i].is_public)
            fail_msg("case %zu: %s", i, cases[i].path);
    }
    apply(&cases[0].change);
    close(fd);
}
