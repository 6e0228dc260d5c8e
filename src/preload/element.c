#include "preload/element.h"

#include <link.h>
#include <string.h>

static bool is_separator(char c)
{
    return c == ' ' || c == ':';
}

struct element element_first(const char *list)
{
    struct element e = {.text = list};

    while (is_separator(*e.text))
        e.text++;
    while (e.text[e.size] != '\0' && !is_separator(e.text[e.size]))
        e.size++;
    return e;
}

struct element element_after(const struct element *e)
{
    return element_first(e->text + e->size);
}

struct element element_base(const struct element *e)
{
    size_t folder = e->size;

    while (folder > 0 && e->text[folder - 1] != '/')
        folder--;
    return (struct element){.text = e->text + folder, .size = e->size - folder};
}

bool element_equal(const struct element *a, const struct element *b)
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

const char *element_path(void)
{
    const char *path = "";

    dl_iterate_phdr(take_own_path, &path);
    return path;
}

/* By the name of the file: the loader may have found it by its cache, or filled $LIB in. */
struct element element_own(const char *list)
{
    struct element path = element_first(element_path()), name = element_base(&path);
    struct element e = element_first(list);

    while (e.size > 0) {
        struct element base = element_base(&e);
        if (element_equal(&base, &name))
            break;
        e = element_after(&e);
    }
    return e;
}
