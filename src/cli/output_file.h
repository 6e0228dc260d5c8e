/* A file that is written as a whole or not at all. */
#pragma once

/*
 * Goes on in a child process, whose standard output becomes the file at `path` if it exits with 0;
 * this process then exits with its status. The file is replaced at once, and keeps its mode
 * and, if root does that, its owner. A symbolic link stays, and what it leads to is replaced; one of
 * another user but root is refused. Something that is not a regular file, such as
 * /dev/stdout, is written to as it is. On an error, ends the program.
 * `second` is a further file, or NULL.
 */
void output_file_begin(const char *path, const char *second);

/* What is printed from now on becomes the second file, which is replaced with the first one. */
void output_file_next(void);
