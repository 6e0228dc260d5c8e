/* A command's files and the verdict on them, for people. */
#ifndef CLI_DESCRIBE_H
#define CLI_DESCRIBE_H

#include "core/text.h"
#include "program/verdict.h"

/* Appends what a file is, as "'/bin/sh': x86-64, 64-bit, dynamic, loaded by /lib64/ld-linux-x86-64.so.2". */
void describe_file(const struct program *p, struct text *t);

/* Append why the command cannot be executed, which p->error says, and the way out. */
void describe_fault(const struct program *p, struct text *t);
void describe_fault_way_out(const struct program *p, struct text *t);

/* Appends why, as "'./server' is set-user-ID: the loader drops LD_PRELOAD". */
void describe_reason(const struct verdict *v, struct text *t);

/* Appends the way out, as "use --engine notify", or nothing if none is needed. */
void describe_way_out(const struct verdict *v, struct text *t);

#endif
