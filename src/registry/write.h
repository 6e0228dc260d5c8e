/* Writing and removing records. Internal to this room. */
#pragma once

#include "registry/record.h"

/*
 * Writes a record, and fills in its stamp and time. Of several records of one endpoint, keeps the
 * best. *is_alone is set to whether the port has no record of another protocol or asked port.
 * Returns false if there is no room.
 */
bool write_record(struct registry *r, struct record *record, bool *is_alone)
    __attribute__((warn_unused_result));

/*
 * Removes a record, if its tag is still the same. With `only`, not if a newer one of the same endpoint,
 * and so with the same tag, has its place.
 */
void write_free(struct registry *r, unsigned index, uint64_t tag, const struct record *only);
