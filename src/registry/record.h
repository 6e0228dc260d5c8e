/* The contents of a record, and comparisons of two. Internal to this room. */
#ifndef REGISTRY_RECORD_H
#define REGISTRY_RECORD_H

#include <stdbool.h>
#include <string.h>

#include "core/hot.h"
#include "registry/registry.h"
#include "registry/slot.h"

HOT static inline struct slot_record record_of(const struct registry_entry *e, uint32_t stamp)
{
    struct slot_record record = {
        .asked_port = e->asked.port,
        .actual_port = e->actual.port,
        .proto = (uint8_t)e->actual.proto,
        .family = e->actual.addr.family,
        .flags = (uint8_t)((e->v6only ? SLOT_V6ONLY : 0) |
                           (e->engine == ENGINE_NOTIFY ? SLOT_NOTIFY : 0)),
        .netns = e->netns,
        .stamp = stamp,
        .pid = e->pid,
    };
    memcpy(record.asked_addr, e->asked.addr.bytes, sizeof(record.asked_addr));
    memcpy(record.actual_addr, e->actual.addr.bytes, sizeof(record.actual_addr));
    memcpy(record.program, e->program, sizeof(record.program));
    memcpy(record.inode, e->inode, sizeof(record.inode));
    return record;
}

HOT static inline struct addr record_addr(const struct slot_record *record, const uint8_t bytes[16])
{
    struct addr a = {.family = record->family};
    memcpy(a.bytes, bytes, sizeof(a.bytes));
    return a;
}

HOT static inline void record_key(const struct slot_record *record, struct registry_entry *e)
{
    e->asked = (struct endpoint){record->proto, record_addr(record, record->asked_addr),
                                 record->asked_port};
    e->actual = (struct endpoint){record->proto, record_addr(record, record->actual_addr),
                                  record->actual_port};
    e->since = record->since;
}

static inline void record_entry(const struct slot_record *record, struct registry_entry *e)
{
    record_key(record, e);
    e->netns = record->netns;
    e->order = record->stamp;
    e->pid = record->pid;
    e->uid = record->uid;
    e->v6only = (record->flags & SLOT_V6ONLY) != 0;
    e->engine = (record->flags & SLOT_NOTIFY) != 0 ? ENGINE_NOTIFY : ENGINE_PRELOAD;
    memcpy(e->program, record->program, sizeof(e->program));
    memcpy(e->inode, record->inode, sizeof(e->inode));
}

/* Returns whether the record's address is a wildcard that covers that of `of`, of one family. */
HOT static inline bool record_is_wildcard(const struct slot_record *record,
                                          const struct slot_record *of)
{
    struct addr wildcard = record_addr(record, record->actual_addr);

    /* ::ffff:0.0.0.0 covers only mapped addresses, :: all. */
    if (addr_is_wildcard(&wildcard))
        return true;
    if (record->family == AF_INET)
        return false;
    struct addr one = record_addr(of, of->actual_addr), plain_one = addr_unmapped(&one);
    struct addr plain = addr_unmapped(&wildcard);
    return addr_is_wildcard(&plain) && plain_one.family == plain.family;
}

HOT static inline bool record_same_addr(const struct slot_record *a, const struct slot_record *b)
{
    return memcmp(a->actual_addr, b->actual_addr, sizeof(a->actual_addr)) == 0;
}

HOT static inline bool record_same_asked_addr(const struct slot_record *a,
                                              const struct slot_record *b)
{
    return memcmp(a->asked_addr, b->asked_addr, sizeof(a->asked_addr)) == 0;
}

HOT static inline bool record_tells_other_addr(const struct slot_record *record)
{
    return memcmp(record->asked_addr, record->actual_addr, sizeof(record->asked_addr)) != 0;
}

/* Returns whether both have the same actual port, family and namespace. */
HOT static inline bool record_same_port(const struct slot_record *a, const struct slot_record *b)
{
    return a->actual_port == b->actual_port && a->family == b->family && a->netns == b->netns;
}

static inline bool record_has_inode(const struct slot_record *record, uint32_t inode)
{
    for (int i = 0; i < SLOT_INODES; i++) {
        if (record->inode[i] == inode)
            return true;
    }
    return false;
}

#endif
