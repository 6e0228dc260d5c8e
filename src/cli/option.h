/* The options of a command, as data: parsing and help read the same table. */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>

/* What an option does to its `target`, whose type each kind names. */
enum option_kind {
    OPTION_FLAG,     /* bool: becomes true */
    OPTION_CONSTANT, /* const char *: becomes `argument`; the option takes no value */
    OPTION_WORD,     /* const char *: becomes the value */
    OPTION_WORDS,    /* struct option_words: gets the value, too */
    OPTION_CHOICE,   /* const char *: becomes the value, one of the words in `argument` ("a|b") */
    OPTION_RUN,      /* const char *: becomes the value, the name of a run */
    OPTION_TIMEOUT,  /* double: becomes the value, in seconds, or OPTION_TIMEOUT_DEFAULT */
    OPTION_RULES,    /* struct rules: gets the rules in the value */
    OPTION_FILE,     /* struct rules: gets the rules in the file of that name */
};

enum { OPTION_TIMEOUT_DEFAULT = 10, OPTION_WORDS_MAX = 16 };

/* The values of an option that may be repeated. */
struct option_words {
    const char *word[OPTION_WORDS_MAX];
    size_t count;
};

/* A table of them ends with a `name` of NULL. Each command also has -h and --help. */
struct option_spec {
    const char *name;     /* the long form, without "--" */
    char letter;          /* the short form, or '\0' */
    const char *argument; /* the value in the help; "[VALUE]" if optional; NULL if none */
    enum option_kind kind;
    void *target;
    const char *help; /* a line */
};

/* The options that name rules, for a table of options. */
// clang-format off
#define OPTION_RULES_AND_FILE(rules) \
    {"rules", 'r', "RULES", OPTION_RULES, rules, "add rules, such as 80=8080,443=8443"}, \
    {"file", 'f', "FILE", OPTION_FILE, rules, "add the rules in a file (-: standard input)"}
// clang-format on

struct command;

/*
 * Parses the options of the command into their targets, and leaves argv[0] and the operands in
 * *argv, *argc of them. False, with the exit status in *status, if the command is not to
 * run: after --help, or after a message if an option or the number of operands is invalid.
 */
bool option_parse(const struct command *command, int *argc, char ***argv, int *status);

/* Prints the help of the command: usage, summary, options and details. */
void option_print_help(const struct command *command);

#endif
