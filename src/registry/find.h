/* Looking up a record by its actual endpoint. Inner to this room. */
#ifndef REGISTRY_FIND_H
#define REGISTRY_FIND_H

#include "registry/registry.h"
#include "registry/slot.h"

/* The record that registry_by_actual finds, with the first `words` of it. */
enum registry_answer find_actual(const struct registry *r, uint64_t netns,
                                 const struct endpoint *actual, int words,
                                 struct slot_record *found);

#endif
