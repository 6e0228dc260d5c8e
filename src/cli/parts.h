/* The parts of remap, and what remap doctor finds about them. */
#pragma once

#include <stdbool.h>

#include "cli/finding.h"
#include "core/config.h"
#include "notify/support.h"
#include "registry/registry.h"

/* Filled in by the checks, which are done in this order. */
extern struct parts {
    struct config config;
    bool has_config;
    struct registry *registry; /* of no run, if there is one; else NULL */
    struct support support;
} parts;

/* Whether the loader takes the library. */
void parts_check_library(struct finding *f);

/* Whether the table and the settings are valid. */
void parts_check_table(struct finding *f);

/* Whether the folder of the registry can be used. */
void parts_check_registry(struct finding *f);

/* Whether the engine notify is available. */
void parts_check_notify(struct finding *f);

/* Whether root can grant real ports (remap grant), and whether the table needs that. */
void parts_check_grant(struct finding *f);
