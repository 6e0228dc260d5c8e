/* A command's files and the verdict on them, for people. */
#pragma once

#include "core/text.h"
#include "program/verdict.h"

/* Appends what a file is, as "'/bin/sh': x86-64, 64-bit, dynamic, loaded by /lib64/ld-linux-x86-64.so.2". */
void describe_file(const struct program *p, struct text *t);

/* Appends why the command cannot be executed, which p->error says. */
void describe_fault(const struct program *p, struct text *t);
const char *describe_fault_way_out(const struct program *p);

/* Returns whether the fault is that the line of an interpreter ends in CR LF. */
bool describe_is_crlf(const struct program *p);

/* Appends why, as "'./server' is set-user-ID: the loader drops LD_PRELOAD". */
void describe_reason(const struct verdict *v, struct text *t);

/* Returns the way out, as "use --engine notify", or "" if none is needed. */
const char *describe_way_out(const struct verdict *v);
