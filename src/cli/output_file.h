/* A file that is written as a whole or not at all. */
#pragma once

/*
 * Goes on in a child process, whose standard output becomes the file at `path` if it exits with 0;
 * this process then exits with its status. The file is replaced at once, and keeps its mode. No
 * symbolic link of another user but root is followed. Something that is not a regular file, such as
 * /dev/stdout, is written to as it is. On an error, ends the program.
 */
void output_file_begin(const char *path);
