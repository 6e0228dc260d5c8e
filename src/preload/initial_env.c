#include "preload/initial_env.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "linux/procfs.h"
#include "linux/sys.h"
#include "translate/engine.h"

/*
 * Values go to a small buffer, which is enough for most, and then to a mapping. So the
 * library's own data fits on one page: a second one would cost every program that is started.
 */
enum { SMALL = 512, LARGE = 65536 + 8192 };

static char small[SMALL];
static struct text copies = {.buf = small, .size = SMALL};
static const char *captured[CONFIG_KEYS]; /* values, each after its name */
static const char *preload;
static int lost = -1; /* a key whose value did not fit */
static struct initial_env_passed passed;
static atomic_bool is_captured;

/* ---- strings "NAME=value" ---- */

/*
 * Most variables are not ours, and most processes read none of them. Nothing of libc is called
 * here: at the start of a program, each function costs a page that is not in memory yet, which
 * is more than all the rest.
 */
const char *initial_env_match(const char *variable, const char *name)
{
    while (*name != '\0' && *name == *variable) {
        name++;
        variable++;
    }
    return *name == '\0' && *variable == '=' ? variable + 1 : NULL;
}

bool initial_env_may_match(const char *variable)
{
    return variable[0] == 'L' || variable[0] == 'R' || variable[0] == 'X' || variable[0] == 'H';
}

void initial_env_collect(const char *variable, const char *values[CONFIG_KEYS])
{
    for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
        const char *value = initial_env_match(variable, config_variable[key]);
        if (value != NULL && values[key] == NULL)
            values[key] = value;
    }
}

/* ---- LD_PRELOAD ---- */

static bool is_separator(char c)
{
    return c == ' ' || c == ':';
}

struct initial_env_library initial_env_first(const char *list)
{
    struct initial_env_library l = {.text = list};

    while (is_separator(*l.text))
        l.text++;
    while (l.text[l.size] != '\0' && !is_separator(l.text[l.size]))
        l.size++;
    return l;
}

/* Returns the part after the last slash. */
static struct initial_env_library base_of(const struct initial_env_library *l)
{
    size_t folder = l->size;

    while (folder > 0 && l->text[folder - 1] != '/')
        folder--;
    return (struct initial_env_library){.text = l->text + folder, .size = l->size - folder};
}

struct initial_env_library initial_env_find(const char *list,
                                            const struct initial_env_library *library)
{
    struct initial_env_library name = base_of(library), l = initial_env_first(list);

    for (; l.size > 0; l = initial_env_first(l.text + l.size)) {
        struct initial_env_library base = base_of(&l);
        if (base.size == name.size && memcmp(base.text, name.text, name.size) == 0)
            break;
    }
    return l;
}

/* This library's ELF header, from the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* Finds the path that the loader found this library at. */
static int take_own_path(struct dl_phdr_info *info, size_t size, void *path)
{
    (void)size;
    if ((const char *)info->dlpi_phdr != (const char *)&__ehdr_start + __ehdr_start.e_phoff)
        return 0;
    *(const char **)path = info->dlpi_name;
    return 1;
}

/* ---- copies ---- */

/* Appends the current folder, if it has a path. Returns false if there is no room for it. */
static bool append_folder(void)
{
    char *folder = copies.buf + copies.used;
    long size = sys_call(SYS_getcwd, (long)folder, (long)(copies.size - copies.used), 0);

    if (size < 0)
        return errno != ERANGE;
    if (folder[0] == '/') {
        copies.used += (size_t)size - 1;
        text_char(&copies, '/');
    }
    return true;
}

/* Copies "NAME=value", or the value alone. Returns that of the copy, or NULL if there is no room. */
static const char *try_store(const char *name, const char *value, size_t size, bool is_relative)
{
    size_t begin = copies.used;

    if (name != NULL) {
        text_string(&copies, name);
        text_char(&copies, '=');
    }
    const char *copy = copies.buf + copies.used;
    bool has_room = !is_relative || append_folder();
    text_bytes(&copies, value, size);
    text_char(&copies, '\0');
    if (has_room && !copies.cut)
        return copy;
    copies.used = begin;
    copies.cut = false;
    return NULL;
}

/* The same, with more room. A relative path gets the current folder in front. */
static const char *store(const char *name, const char *value, size_t size, bool is_relative)
{
    const char *copy = try_store(name, value, size, is_relative);

    if (copy == NULL && copies.buf == small) {
        void *large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (large == MAP_FAILED)
            return NULL;
        copies = (struct text){.buf = large, .size = LARGE};
        copy = try_store(name, value, size, is_relative);
    }
    return copy;
}

static void store_value(enum config_key key, const char *value)
{
    bool is_relative = config_is_path(key, value) && value[0] != '/' && value[0] != '\0';

    captured[key] = store(config_variable[key], value, strlen(value), is_relative);
    if (captured[key] == NULL)
        lost = (int)key;
}

/*
 * Copies the element as it is: from a name alone, or one with $LIB, the loader finds the right
 * library for each kind of program. But a name that was found by LD_LIBRARY_PATH becomes the
 * path where it was: another program may not have that variable.
 */
static void store_preload(const char *list, bool has_library_path)
{
    const char *found = "";

    dl_iterate_phdr(take_own_path, &found); /* takes the loader's lock */
    struct initial_env_library path = initial_env_first(found);
    struct initial_env_library own = initial_env_find(list, &path);
    if (own.size == 0)
        return;
    if (has_library_path && base_of(&own).size == own.size)
        own = path;
    bool has_folder = base_of(&own).size < own.size;
    preload =
        store(NULL, own.text, own.size, has_folder && own.text[0] != '/' && own.text[0] != '$');
}

/* ---- LISTEN_FDS ---- */

struct listen {
    const char *fds, *pid, *names;
};

static void collect_listen(const char *variable, struct listen *l)
{
    const char *fds = initial_env_match(variable, "LISTEN_FDS"),
               *pid = initial_env_match(variable, "LISTEN_PID"),
               *names = initial_env_match(variable, "LISTEN_FDNAMES");

    l->fds = fds != NULL ? fds : l->fds;
    l->pid = pid != NULL ? pid : l->pid;
    l->names = names != NULL ? names : l->names;
}

static bool is_number(const char *text, uint64_t *number)
{
    return text != NULL && procfs_number((struct span){text, text + strlen(text)}, 10, number);
}

static void store_passed(const struct listen *l)
{
    uint64_t count, pid;

    if (!is_number(l->fds, &count) || !is_number(l->pid, &pid) || count > INT16_MAX ||
        pid != (uint64_t)sys_getpid())
        return;
    passed.count = (int)count;
    if (l->names != NULL)
        passed.names = store(NULL, l->names, strlen(l->names), false);
}

/* ---- all of them ---- */

void initial_env_capture(void)
{
    const char *values[CONFIG_KEYS] = {NULL}, *list = NULL;
    struct listen listen = {NULL, NULL, NULL};
    bool is_trusted = getauxval(AT_SECURE) == 0, has_library_path = false;

    for (char **each = environ; is_trusted && each != NULL && *each != NULL; each++) {
        if (!initial_env_may_match(*each))
            continue;
        const char *found = initial_env_match(*each, "LD_PRELOAD");
        list = found != NULL ? found : list;
        has_library_path |= initial_env_match(*each, "LD_LIBRARY_PATH") != NULL;
        collect_listen(*each, &listen);
        initial_env_collect(*each, values);
    }
    if (list != NULL)
        store_preload(list, has_library_path);
    for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
        if (values[key] != NULL)
            store_value(key, values[key]);
    }
    store_passed(&listen);
    atomic_store_explicit(&is_captured, true, memory_order_release);
}

/* ---- reading them ---- */

const char *initial_env_variable(enum config_key key)
{
    if (captured[key] == NULL)
        return NULL;
    return captured[key] - strlen(config_variable[key]) - 1;
}

const char *initial_env_preload(void)
{
    return preload;
}

struct initial_env_passed initial_env_passed(void)
{
    return passed;
}

/*
 * Before the constructor, only the constructors of other libraries run. The environment is then
 * still that of the start.
 */
const char *engine_value(enum config_key key)
{
    const char *values[CONFIG_KEYS] = {NULL};

    if (atomic_load_explicit(&is_captured, memory_order_acquire))
        return captured[key];
    if (getauxval(AT_SECURE) != 0)
        return NULL;
    for (char **each = environ; each != NULL && *each != NULL; each++)
        initial_env_collect(*each, values);
    return values[key];
}

bool engine_lost(enum config_key *key)
{
    if (lost >= 0)
        *key = (enum config_key)lost;
    return lost >= 0;
}
