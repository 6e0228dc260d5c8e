#include "cli/printable.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

json_t *printable_json(const char *string)
{
    json_t *json = json_string(string);
    size_t size = strlen(string);
    struct text text;

    if (json != NULL)
        return json;
    char *printable = malloc(size + 1);
    if (printable == NULL)
        return NULL;
    text_init(&text, printable, size + 1);
    text_printable(&text, string, size);
    json = json_string(printable);
    free(printable);
    return json;
}
