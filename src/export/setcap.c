/* File capabilities (capabilities(7)): the program may bind privileged ports, whoever executes it. */
#include "export/format.h"

/* A word for sh. It has no control characters. */
static void print_word(const char *word, FILE *out)
{
    fputc('\'', out);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\'", out);
        fputc(*word, out);
    }
    fputc('\'', out);
}

static void print(const struct format_input *in, FILE *out)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(in->table, ',', &text);
    fprintf(
        out,
        "# Lets a program bind every privileged port, not only those of the table:\n"
        "# %s\n"
        "# To do that, to look at it, and to undo it, with this text in the file grant.sh:\n"
        "#   sudo sh grant.sh\n"
        "#   sudo sh grant.sh look\n"
        "#   sudo sh grant.sh undo\n"
        "# - Everyone who may execute the program has the ports. If it is an interpreter, as\n"
        "#   python3 or java, so has every script.\n"
        "# - The right is lost when the file is replaced, as by an update.\n"
        "# - The loader ignores LD_PRELOAD, LD_LIBRARY_PATH and others for the program from then\n"
        "#   on, so remap run does not work with it.\n"
        "# - It has no effect on a mount with nosuid, under no_new_privs, and in a container\n"
        "#   without the capability.\n"
        "program=",
        rules);
    print_word(in->command[0], out);
    fputs("\n"
          "case ${1-} in\n"
          "    '') setcap cap_net_bind_service=+ep \"$program\" && getcap \"$program\" ;;\n"
          "    look) getcap \"$program\" ;;\n"
          "    undo) setcap -r \"$program\" ;;\n"
          "    *) echo \"unknown argument '$1': use look or undo\" >&2 && exit 64 ;;\n"
          "esac\n",
          out);
}

const struct format setcap_format = {
    .name = "setcap",
    .summary = "commands that let PROGRAM bind privileged ports",
    .kind = FORMAT_GRANT,
    .operands = FORMAT_PROGRAM,
    .has_ranges = true,
    .print = print,
};
