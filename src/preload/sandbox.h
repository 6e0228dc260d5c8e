/*
 * Seccomp filters (seccomp(2)). Before a program installs one, all that later calls need is opened
 * and read. From then on the library makes no system call but the one that the program asked for
 * (sys_seal): the filter might kill for it.
 */
#pragma once

/* As prctl(2), seccomp(2) and landlock_restrict_self(2). */
int sandbox_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
long sandbox_seccomp(unsigned operation, unsigned flags, void *arguments);
long sandbox_landlock_restrict_self(int ruleset, unsigned flags);
