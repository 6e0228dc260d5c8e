#include "preload/preload_list.h"

#include <link.h>
#include <stdbool.h>
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

struct preload_list_element preload_list_find(const char *list,
                                              const struct preload_list_element *library)
{
    struct preload_list_element name = preload_list_base(library), e = preload_list_first(list);

    for (; e.size > 0; e = preload_list_after(&e)) {
        struct preload_list_element base = preload_list_base(&e);
        if (base.size == name.size && memcmp(base.text, name.text, name.size) == 0)
            break;
    }
    return e;
}

/* This library's ELF header, from the linker. */
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
