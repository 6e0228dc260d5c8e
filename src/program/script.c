#include "program/script.h"

#include <string.h>

#include "core/text.h"

static const char BLANKS[] = " \t";

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

/* Ends the line in `head`. Returns false if the interpreter's name may go on behind the head. */
static bool end_line(char head[SCRIPT_HEAD])
{
    char *last = &head[SCRIPT_HEAD - 1], *end = memchr(head, '\n', SCRIPT_HEAD);
    bool is_whole = end != NULL || is_blank(*last) || *last == '\0';

    if (end == NULL)
        end = last; /* the kernel drops this byte, too */
    *end = '\0';
    const char *name = skip_blanks(head + 2);
    return is_whole || name + strcspn(name, BLANKS) < last;
}

bool script_parse(char head[SCRIPT_HEAD], struct script_line *line)
{
    if (head[0] != '#' || head[1] != '!' || !end_line(head))
        return false;
    char *name = skip_blanks(head + 2), *name_end = name + strcspn(name, BLANKS);
    char *argument = skip_blanks(name_end), *end = argument + strlen(argument);

    while (end > argument && is_blank(end[-1]))
        end--;
    *end = '\0';
    *name_end = '\0';
    *line = (struct script_line){.interpreter = name, .argument = argument};
    return name_end > name;
}

bool script_is_env(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash != NULL ? slash + 1 : path, "env") == 0;
}

/* Takes the next word off *rest. Returns NULL at the end. */
static char *next_word(char **rest)
{
    char *word = skip_blanks(*rest), *end = word + strcspn(word, BLANKS);

    *rest = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return end > word ? word : NULL;
}

static bool read_words(char *rest, struct script_env *env)
{
    const char *word;

    if (rest[strcspn(rest, "\"'\\$")] != '\0')
        return false;
    while ((word = next_word(&rest)) != NULL) {
        if (strcmp(word, "-i") == 0)
            env->is_cleaned = true;
        else if (word[0] == '-' || text_has_prefix(word, "PATH="))
            return false;
        else if (strchr(word, '=') == NULL) {
            env->name = word;
            return true;
        }
    }
    return false;
}

bool script_read_env(char *argument, struct script_env *env)
{
    *env = (struct script_env){.name = argument};
    if (text_has_prefix(argument, "-S"))
        return read_words(argument + 2, env);
    if (text_has_prefix(argument, "--split-string="))
        return read_words(strchr(argument, '=') + 1, env);
    return argument[0] != '\0' && argument[0] != '-' && strchr(argument, '=') == NULL;
}
