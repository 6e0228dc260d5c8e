#include "cli/script.h"

#include <string.h>

#include "core/text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool script_parse(const char *buf, size_t size, struct script_line *line)
{
    if (size < 2 || buf[0] != '#' || buf[1] != '!')
        return false;
    const char *start = buf + 2, *limit = buf + size;
    const char *end = memchr(start, '\n', (size_t)(limit - start));
    bool is_whole = end != NULL || size < SCRIPT_LINE_MAX;
    const char *zero = memchr(start, '\0', (size_t)((end != NULL ? end : limit) - start));

    end = zero != NULL ? zero : end != NULL ? end : limit;
    while (start < end && is_blank(*start))
        start++;
    const char *name_end = start;
    while (name_end < end && !is_blank(*name_end))
        name_end++;
    if (name_end == start || (name_end == end && !is_whole))
        return false;
    while (end > name_end && is_blank(end[-1]))
        end--;
    const char *rest = name_end;
    while (rest < end && is_blank(*rest))
        rest++;
    struct text text;
    text_init(&text, line->interpreter, sizeof(line->interpreter));
    text_bytes(&text, start, (size_t)(name_end - start));
    text_init(&text, line->argument, sizeof(line->argument));
    text_bytes(&text, rest, (size_t)(end - rest));
    return true;
}

static bool has_prefix(const char *word, const char *prefix)
{
    return strncmp(word, prefix, strlen(prefix)) == 0;
}

/* Takes the next word off *rest, which is written to; NULL at the end. */
static char *next_word(char **rest)
{
    return strtok_r(NULL, " \t", rest);
}

bool script_name_for_env(const char *argument, char name[PATH_MAX])
{
    char words[SCRIPT_LINE_MAX], *rest = words, *word;
    bool is_split = has_prefix(argument, "-S") || has_prefix(argument, "--split-string=");

    if (!is_split) {
        text_copy(name, PATH_MAX, argument);
        return argument[0] != '\0' && argument[0] != '-' && strchr(argument, '=') == NULL;
    }
    text_copy(words, sizeof(words), strchr(argument, argument[1] == 'S' ? 'S' : '=') + 1);
    if (strpbrk(words, "\"'\\$") != NULL)
        return false;
    while ((word = next_word(&rest)) != NULL) {
        if (has_prefix(word, "PATH=") || (word[0] == '-' && strcmp(word, "-i") != 0))
            return false;
        if (word[0] != '-' && strchr(word, '=') == NULL) {
            text_copy(name, PATH_MAX, word);
            return true;
        }
    }
    return false;
}

bool script_is_env(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, "env") == 0;
}
