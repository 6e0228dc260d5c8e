/*
 * told: prints the arguments and the environment that it was started with, on one line. It
 * is built in the ways that a preloaded library does not get into, too: told-static; told-musl, which
 * wants another loader; told-go, which has the note of a program in Go; and told-pascal, which has
 * the section of a program in Free Pascal.
 */
#include <stdio.h>
#include <unistd.h>

#ifdef TOLD_GO
__asm__(".section .note.go.buildid, \"a\"\n"
        ".balign 4\n"
        ".long 4, 8, 4\n"
        ".asciz \"Go\\0\"\n"
        ".ascii \"a/build.\"\n"
        ".text\n");
#endif

#ifdef TOLD_PASCAL
__asm__(".section .fpcdata, \"a\"\n"
        ".asciz \"FPC 3.2.2\"\n"
        ".text\n");
#endif

int main(int argc, char **argv)
{
    fputs("told", stdout);
    for (int i = 0; i < argc; i++)
        printf(" %s", argv[i]);
    fputs(" |", stdout);
    for (char **variable = environ; *variable != NULL; variable++)
        printf(" %.200s", *variable);
    putchar('\n');
    return 0;
}
