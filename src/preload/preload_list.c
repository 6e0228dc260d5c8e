#include "preload/preload_list.h"

#include <link.h>
#include <string.h>

static bool is_separator(char c)
{
    return c == ' ' || c == ':';
}

struct preload_list_element preload_list_first(const char *list)
{
    struct preload_list_element e = {.text = list};

    while (is_separator(*e.text))
        e.text++;
    while (e.text[e.size] != '\0' && !is_separator(e.text[e.size]))
        e.size++;
    return e;
}

struct preload_list_element preload_list_after(const struct preload_list_element *e)
{
    return preload_list_first(e->text + e->size);
}

struct preload_list_element preload_list_base(const struct preload_list_element *e)
{
    size_t folder = e->size;

    while (folder > 0 && e->text[folder - 1] != '/')
        folder--;
    return (struct preload_list_element){.text = e->text + folder, .size = e->size - folder};
}

bool preload_list_equal(const struct preload_list_element *a, const struct preload_list_element *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* This library's own ELF header, by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int take_own_path(struct dl_phdr_info *info, size_t size, void *path)
{
    (void)size;
    if ((const char *)info->dlpi_phdr != (const char *)&__ehdr_start + __ehdr_start.e_phoff)
        return 0;
    *(const char **)path = info->dlpi_name;
    return 1;
}

const char *preload_list_path(void)
{
    const char *path = "";

    dl_iterate_phdr(take_own_path, &path);
    return path;
}

/* By the name of the file: the loader may have found it by its cache, or filled $LIB in. */
struct preload_list_element preload_list_own(const char *list)
{
    struct preload_list_element path = preload_list_first(preload_list_path()),
                                name = preload_list_base(&path);
    struct preload_list_element e = preload_list_first(list);

    while (e.size > 0) {
        struct preload_list_element base = preload_list_base(&e);
        if (preload_list_equal(&base, &name))
            break;
        e = preload_list_after(&e);
    }
    return e;
}
