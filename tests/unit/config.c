#include "core/config.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

/* The world that config_load sees: variables and files. */
static const char *variables[CONFIG_KEYS];
static struct {
    const char *path;
    const char *content; /* NULL: `error` instead */
    long error;
} files[4];

static char file_buf[CONFIG_FILE_MAX];
static struct config config;
static struct diag diag;

static const char *fake_value(enum config_key key)
{
    return variables[key];
}

static bool files_are_secret;

static long fake_read(const char *path, char *buf, size_t size, bool *is_secret)
{
    *is_secret = files_are_secret;
    assert_int_equal(size, CONFIG_FILE_MAX);
    for (size_t i = 0; i < COUNT(files); i++) {
        if (files[i].path == NULL || strcmp(files[i].path, path) != 0)
            continue;
        if (files[i].content == NULL)
            return files[i].error;
        memcpy(buf, files[i].content, strlen(files[i].content));
        return (long)strlen(files[i].content);
    }
    return -ENOENT;
}

static enum config_trust trusted; /* of each path */

static enum config_trust fake_trust(const char *path)
{
    assert_non_null(path);
    return trusted;
}

static int set_up(void **state)
{
    (void)state;
    memset(variables, 0, sizeof(variables));
    memset(files, 0, sizeof(files));
    files_are_secret = false;
    trusted = CONFIG_TRUSTED;
    memset(&config, 0x5a, sizeof(config));
    return 0;
}

static bool load(void)
{
    struct config_input in = {
        .value = fake_value, .read = fake_read, .trust = fake_trust, .buf = file_buf};
    return config_load(&config, &in, &diag);
}

static void assert_table(const char *expected)
{
    static char buf[TABLE_TEXT_MAX];
    struct text text;

    assert_true(load());
    text_init(&text, buf, sizeof(buf));
    table_format(&config.table, ',', &text);
    assert_string_equal(buf, expected);
}

TEST(default, .setup_func = set_up)
{
    assert_table("1-1023=+8000");
    assert_int_equal(config.when, WHEN_ALWAYS);
    assert_int_equal(config.report, REPORT_ASKED);
    assert_int_equal(config.connect, CONNECT_REGISTRY);
    assert_int_equal(config.exec, EXEC_KEEP);
    assert_false(config.datagrams);
    assert_int_equal(config.level, LEVEL_ERROR);
    assert_string_equal(config.log_file, "");
}

/* Each source gives way to the one before it. */
TEST(order_of_sources, .setup_func = set_up)
{
    files[0].path = "/etc/remap.conf";
    files[0].content = "80=1\n";
    assert_table("80=1");

    variables[CONFIG_HOME] = "/home/u";
    files[1].path = "/home/u/.config/remap.conf";
    files[1].content = "80=2\n";
    assert_table("80=2");

    variables[CONFIG_XDG_CONFIG_HOME] = "/xdg";
    assert_table("80=1"); /* where XDG_CONFIG_HOME is set, ~/.config is not looked at */
    files[2].path = "/xdg/remap.conf";
    files[2].content = "80=3";
    assert_table("80=3");

    variables[CONFIG_FILE] = "rules";
    files[3].path = "rules";
    files[3].content = "80=4";
    assert_table("80=4");

    variables[CONFIG_RULES] = "80=5";
    assert_table("80=5");
}

TEST(empty_is_not_set, .setup_func = set_up)
{
    for (enum config_key key = 0; key < CONFIG_KEYS; key++)
        variables[key] = "";
    assert_table("1-1023=+8000");
}

TEST(relative_xdg_is_ignored, .setup_func = set_up)
{
    variables[CONFIG_XDG_CONFIG_HOME] = "xdg";
    variables[CONFIG_HOME] = "/home/u";
    files[0].path = "xdg/remap.conf";
    files[0].content = "80=1";
    files[1].path = "/home/u/.config/remap.conf";
    files[1].content = "80=2";
    assert_table("80=2");
}

TEST(home_out_of_reach_is_passed_over, .setup_func = set_up)
{
    variables[CONFIG_HOME] = "/root";
    files[0].path = "/root/.config/remap.conf";
    files[0].error = -EPERM;
    assert_table("1-1023=+8000");
    files[0].error = -EACCES; /* it is there */
    assert_false(load());
    files[0].error = -EIO;
    assert_false(load());
}

TEST(faults_of_files, .setup_func = set_up)
{
    static const struct {
        long error;
        const char *message;
    } faults[] = {
        {-ENOENT, "no such file"},
        {-EACCES, "permission denied"},
        {-EPERM, "permission denied: a folder in its path is closed to this user"},
        {-EMFILE, "too many open files: raise the limit (ulimit -n)"},
        {-EISDIR, "is a directory"},
        {-EFBIG, "larger than 64 KiB"},
        {-EIO, "cannot be read"},
    };

    variables[CONFIG_FILE] = "/f";
    files[0].path = "/f";
    for (size_t i = 0; i < COUNT(faults); i++) {
        files[0].error = faults[i].error;
        assert_false(load());
        assert_string_equal(diag.source, "/f");
        assert_string_equal(diag.message, faults[i].message);
        assert_int_equal(diag.line, 0);
    }
    files[0].path = "/etc/remap.conf";
    files[0].error = -EACCES;
    variables[CONFIG_FILE] = NULL;
    assert_false(load());
}

TEST(fault_in_a_file_has_its_place, .setup_func = set_up)
{
    variables[CONFIG_FILE] = "/f";
    files[0].path = "/f";
    files[0].content = "80=8080\n443=0\n";
    assert_false(load());
    assert_string_equal(diag.source, "/f");
    assert_int_equal(diag.line, 2);
    assert_int_equal(diag.column, 5);
}

TEST(settings, .setup_func = set_up)
{
    variables[CONFIG_WHEN] = "denied";
    variables[CONFIG_REPORT] = "actual";
    variables[CONFIG_CONNECT] = "table";
    variables[CONFIG_EXEC] = "inherit";
    variables[CONFIG_DATAGRAMS] = "on";
    variables[CONFIG_LOG] = "debug";
    variables[CONFIG_LOG_FILE] = "/tmp/log";
    assert_true(load());
    assert_int_equal(config.when, WHEN_DENIED);
    assert_int_equal(config.report, REPORT_ACTUAL);
    assert_int_equal(config.connect, CONNECT_TABLE);
    assert_int_equal(config.exec, EXEC_INHERIT);
    assert_true(config.datagrams);
    assert_int_equal(config.level, LEVEL_DEBUG);
    assert_string_equal(config.log_file, "/tmp/log");
}

TEST(bad_settings, .setup_func = set_up)
{
    static const struct {
        enum config_key key;
        const char *message;
    } faults[] = {
        {CONFIG_WHEN, "unknown value: use always or denied"},
        {CONFIG_REPORT, "unknown value: use asked or actual"},
        {CONFIG_CONNECT, "unknown value: use registry, table or off"},
        {CONFIG_EXEC, "unknown value: use keep or inherit"},
        {CONFIG_LOG, "unknown value: use off, error, info or debug"},
    };

    for (size_t i = 0; i < COUNT(faults); i++) {
        set_up(NULL);
        variables[faults[i].key] = "sometimes";
        assert_false(load());
        assert_string_equal(diag.source, config_variable[faults[i].key]);
        assert_string_equal(diag.message, faults[i].message);
        assert_string_equal(diag.excerpt, "sometimes");
    }
}

TEST(state, .setup_func = set_up)
{
    assert_true(load());
    assert_string_equal(config.state, "");
    assert_false(config.state_given || config.state_off);
    variables[CONFIG_XDG_RUNTIME_DIR] = "/run/user/1";
    assert_true(load());
    assert_string_equal(config.state, "/run/user/1/remap");
    assert_false(config.state_given || config.state_off);
    variables[CONFIG_STATE] = "/s";
    assert_true(load());
    assert_string_equal(config.state, "/s");
    assert_true(config.state_given && !config.state_off);
    variables[CONFIG_STATE] = "off";
    assert_true(load());
    assert_true(config.state_off);
    assert_false(config_is_path(CONFIG_STATE, "off"));
    assert_true(config_is_path(CONFIG_STATE, "offer"));
    assert_false(config_is_path(CONFIG_RULES, "80=8080"));
}

TEST(inherit, .setup_func = set_up)
{
    assert_true(config_is_inherit("inherit"));
    assert_false(config_is_inherit("keep"));
    assert_false(config_is_inherit("inherited"));
}

TEST(too_long_log_file, .setup_func = set_up)
{
    static char path[CONFIG_PATH_MAX + 1];

    memset(path, 'a', sizeof(path) - 1);
    variables[CONFIG_LOG_FILE] = path;
    assert_false(load());
    assert_string_equal(diag.source, "REMAP_LOG_FILE");
    path[CONFIG_PATH_MAX - 1] = '\0';
    assert_true(load());
}

static bool is_ignored(enum config_key key)
{
    return (config.ignored >> key & 1) != 0;
}

TEST(paths_that_are_not_trusted, .setup_func = set_up)
{
    files[0].path = "/home/u/.config/remap.conf";
    files[0].content = "80=2";
    variables[CONFIG_HOME] = "/home/u";
    variables[CONFIG_LOG_FILE] = "/log";
    variables[CONFIG_STATE] = "/s";
    variables[CONFIG_XDG_RUNTIME_DIR] = "/run/user/1";
    trusted = CONFIG_UNTRUSTED;
    assert_table("1-1023=+8000");
    assert_string_equal(config.log_file, "");
    assert_string_equal(config.state, "");
    assert_false(config.state_given);
    assert_true(is_ignored(CONFIG_HOME) && is_ignored(CONFIG_LOG_FILE) &&
                is_ignored(CONFIG_STATE) && is_ignored(CONFIG_XDG_RUNTIME_DIR));

    /* Nothing is said of a table that may not even exist, and a folder can be made. */
    trusted = CONFIG_UNTRUSTED_ABSENT;
    assert_table("1-1023=+8000");
    assert_false(is_ignored(CONFIG_HOME));
    trusted = CONFIG_TRUSTED_IF_MADE;
    assert_table("1-1023=+8000");
    assert_string_equal(config.state, "/s");
    assert_true(is_ignored(CONFIG_LOG_FILE) && !is_ignored(CONFIG_STATE));

    trusted = CONFIG_UNTRUSTED;
    variables[CONFIG_STATE] = "off";
    variables[CONFIG_FILE] = "/rules";
    assert_false(load());
    assert_string_equal(diag.source, "REMAP_FILE");
    assert_true(config.state_off);
    assert_false(is_ignored(CONFIG_STATE) || is_ignored(CONFIG_XDG_RUNTIME_DIR));
}

TEST(secret_files, .setup_func = set_up)
{
    static const char *const contents[] = {"hush",          "80=hush",   "hush 80=1", "[hush]:80=1",
                                           "1.2.hush:80=1", "80=1 hush", "hush-1=1",  "80=+hush"};
    char buf[DIAG_TEXT_MAX];
    struct text text;

    files[0].path = "/etc/remap.conf";
    for (int secret = 0; secret <= 1; secret++) {
        files_are_secret = secret != 0;
        for (size_t i = 0; i < COUNT(contents); i++) {
            files[0].content = contents[i];
            assert_false(load());
            text_init(&text, buf, sizeof(buf));
            diag_format(&diag, &text);
            assert_int_equal(strstr(buf, "hush") == NULL, files_are_secret);
            assert_true(text_has_prefix(buf, "/etc/remap.conf:1:"));
        }
    }
}
