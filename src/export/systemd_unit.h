/* Parts of the units of systemd that several formats write. */
#pragma once

#include <stdio.h>

#include "export/grant.h"

/* Prints a blank, and a word of a command line as systemd.service(5) wants it quoted. */
void systemd_unit_print_word(const char *word, FILE *out);

/*
 * Prints "SETTING=" and an absolute path. That of a program cannot have blanks, quotes, backslashes
 * or control characters, and takes no variables.
 */
void systemd_unit_print_path(const char *setting, const char *path, FILE *out);

/* Prints ports, and in front of them the protocol, if they are of one, and what divides them. */
void systemd_unit_print_ports(const struct grant_range *range, char divider, FILE *out);

/* Prints the comment of a drop-in for a service: where to save it, and how to undo that. */
void systemd_unit_print_drop_in(FILE *out);

/* Prints settings with which usual servers still work: see systemd.exec(5). */
void systemd_unit_print_hardening(FILE *out);
