#include "cli/shell.h"

#include <stdio.h>
#include <string.h>

static bool is_printable(char c)
{
    return (c >= ' ' && c <= '~') || c == '\n';
}

/* Prints bytes that a terminal may take for commands, outside of the quotes. */
static const char *print_others(enum shell shell, const char *at)
{
    fputs(shell == SHELL_FISH ? "'" : "'\"$(printf '", stdout);
    for (; *at != '\0' && !is_printable(*at); at++)
        printf(shell == SHELL_FISH ? "\\X%02x" : "\\%03o", (unsigned char)*at);
    fputs(shell == SHELL_FISH ? "'" : "')\"'", stdout);
    return at;
}

static void print_quoted(enum shell shell, const char *at)
{
    putchar('\'');
    while (*at != '\0') {
        if (!is_printable(*at)) {
            at = print_others(shell, at);
            continue;
        }
        if (shell == SHELL_FISH && (*at == '\'' || *at == '\\'))
            putchar('\\');
        if (shell == SHELL_SH && *at == '\'')
            fputs("'\\'", stdout);
        putchar(*at++);
    }
    putchar('\'');
}

void shell_print_variable(enum shell shell, const char *name, const char *value)
{
    bool is_fish = shell == SHELL_FISH;

    if (value == NULL) {
        printf(is_fish ? "set -e %s;\n" : "unset %s;\n", name);
        return;
    }
    printf(is_fish ? "set -g -x %s " : "export %s=", name);
    print_quoted(shell, value);
    puts(";");
}

static void print_word(const char *word)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:@_";

    if (*word != '\0' && word[strspn(word, PLAIN)] == '\0')
        fputs(word, stdout);
    else
        print_quoted(SHELL_SH, word);
}

void shell_print_command(const char *path, char *const arguments[])
{
    print_word(path);
    for (; *arguments != NULL; arguments++) {
        putchar(' ');
        print_word(*arguments);
    }
    putchar('\n');
}
