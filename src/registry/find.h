/* Looking up a record by its actual endpoint. Internal to this room. */
#ifndef REGISTRY_FIND_H
#define REGISTRY_FIND_H

#include "registry/registry.h"
#include "registry/slot.h"

/* Finds the record that registry_by_actual returns. Reads its first `words`. */
enum registry_answer find_actual(const struct registry *r, uint64_t netns,
                                 const struct endpoint *actual, int words,
                                 struct slot_record *found);

#endif
