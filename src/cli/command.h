/*
 * A command of `remap`, as data: its options, help and handler. main.c lists them all. Parsing and
 * help read the same table of options.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses, from sysexits(3) and, for the last two, env(1). */
enum {
    STATUS_OK = 0,
    STATUS_NO = 1,
    STATUS_USAGE = 64,
    STATUS_UNAVAILABLE = 69,
    STATUS_BAD_TABLE = 78,
    STATUS_CANNOT_RUN = 126,
    STATUS_NOT_FOUND = 127,
};

/* What an option does to its `target`, whose type each kind names. */
enum option_kind {
    OPTION_FLAG,     /* bool: becomes true */
    OPTION_CONSTANT, /* const char *: becomes `argument`; the option takes no value */
    OPTION_WORD,     /* const char *: becomes the value */
    OPTION_WORDS,    /* struct option_words: gets the value, too */
    OPTION_CHOICE,   /* const char *: becomes the value, one of the words in `argument` ("a|b") */
    OPTION_RUN,      /* const char *: becomes the value, the name of a run */
    OPTION_USER,     /* const char *: becomes the value, a user's name or number */
    OPTION_TIMEOUT,  /* double: becomes the value, in seconds, or OPTION_TIMEOUT_DEFAULT */
    OPTION_RULES,    /* struct rules: gets the rules in the value */
    OPTION_PUBLISH,  /* struct rules: gets the rule that the value is in the words of docker */
    OPTION_FILE,     /* struct rules: gets the rules in the file of that name */
};

enum { OPTION_TIMEOUT_DEFAULT = 10, OPTION_WORDS_MAX = 16 };

/* The values of an option that may be repeated. */
struct option_words {
    const char *word[OPTION_WORDS_MAX];
    size_t count;
};

/* A table of them ends with a `name` of NULL. Each command also has --help and --version. */
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

enum { COMMAND_ANY_NUMBER = INT_MAX };

/*
 * `main` gets the operands alone. It is called with the command's name as argv[0], and returns the
 * exit status.
 */
struct command {
    const char *name;
    const char *arguments; /* the operands, for the usage line; NULL if none */
    const char *summary;   /* a line for the list of commands; NULL hides the command */
    const char *details;   /* the end of the help; NULL if none */
    const struct option_spec *options;
    unsigned min_operands, max_operands;
    unsigned command_at; /* the operand that begins a command and ends the options: 1, 2; 0: none */
    bool is_unparsed;    /* `main` gets options, too: `options` are for help and completion */
    /* Prints the operands that are possible, for completion, with complete_word(); or NULL. */
    void (*complete)(const char *run);
    int (*main)(int argc, char **argv);
};

/*
 * Parses the options of the command into their targets, and leaves argv[0] and the operands in
 * *argv, *argc of them. Ends the program after --help, or after a message if an option or the
 * number of operands is invalid.
 */
void command_parse(const struct command *command, int *argc, char ***argv);

void command_print_version(void);

/* Returns the command's option that a word is, "-r" or "--rules" or "--rules=80=8080"; or NULL. */
const struct option_spec *command_find_option(const struct command *command, const char *word);

/* Returns whether an option's value is the next word, unless its own has a "=". */
bool command_needs_value(const struct option_spec *o);

/* Ends the program, after a message that says which option may have been meant. */
_Noreturn void command_refuse_option(const struct command *command, const char *word);

/* Prints the help of the command: usage, summary, options and details. */
void command_print_help(const struct command *command);

/* What every command has, besides its own options. */
extern const struct option_spec command_common_options[];

/* All commands. The list ends with NULL. */
extern const struct command *const command_list[];

extern const struct command run_command;
extern const struct command enter_command;
extern const struct command env_command;
extern const struct command check_command;
extern const struct command ps_command;
extern const struct command port_command;
extern const struct command doctor_command;
extern const struct command redirect_command;
extern const struct command export_command;
extern const struct command grant_command;
extern const struct command complete_command;
extern const struct command help_command;
