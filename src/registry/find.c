#include "registry/find.h"

#include <stdatomic.h>
#include <string.h>

#include "core/hot.h"
#include "registry/layout.h"

/* ---- by the actual endpoint ---- */

/* A tag that no record has. */
enum { NO_TAG = TAG_STATE };

HOT static inline void add_addr(struct find_wanted *w, uint64_t first, uint64_t second)
{
    w->addr[w->count][0] = first;
    w->addr[w->count][1] = second;
    w->tag[w->count] = layout_tag(w->port, w->family, w->addr[w->count]);
    w->count++;
}

HOT void find_exact(struct find_wanted *w, const uint64_t addr[2])
{
    w->count = 0;
    w->tag[1] = w->tag[2] = NO_TAG;
    add_addr(w, addr[0], addr[1]);
}

HOT void find_with_wildcards(struct find_wanted *w, const uint64_t addr[2])
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    uint64_t word[2];

    find_exact(w, addr);
    if ((addr[0] | addr[1]) == 0)
        return;
    add_addr(w, 0, 0);
    if (w->family == AF_INET6 && memcmp(addr, mapped, 12) == 0) {
        memcpy(word, mapped, sizeof(word));
        add_addr(w, word[0], word[1]);
    }
}

static bool same_answer(const struct record *a, const struct record *b)
{
    bool a_moves = !record_same_addr(a->asked_addr, a->actual_addr);
    bool b_moves = !record_same_addr(b->asked_addr, b->actual_addr);
    return a->asked_port == b->asked_port && record_same_family(a, b) &&
           ((!a_moves && !b_moves) || record_same_addr(a->asked_addr, b->asked_addr));
}

/* Returns which of the wanted addresses a record has, or -1 if it does not match. */
HOT static inline int match(const struct find_wanted *w, const struct record *record)
{
    if (record->actual_port != w->port || record->asked_port == 0 || record->netns != w->netns ||
        record->family != w->family || (w->proto != PROTO_ANY && record->proto != w->proto))
        return -1;
    for (int i = 0; i < w->count; i++) {
        if (record_same_addr(record->actual_addr, w->addr[i]))
            return i;
    }
    return -1;
}

/* Compares a further match with the best one. */
static void compare(const struct registry *r, unsigned index, const struct find_wanted *w,
                    struct find_matches *m)
{
    struct record record;
    int addr;

    if (!record_read_key(&r->slot[index], &record) || (addr = match(w, &record)) < 0)
        return;
    m->have_protocols = m->have_protocols || record.proto != m->best.proto;
    m->have_answers = m->have_answers || !same_answer(&record, &m->best);
    if (addr < m->best_addr || (addr == m->best_addr && record_is_better(&record, &m->best))) {
        memcpy(&m->best, &record, RECORD_KEY_SIZE);
        m->index = index;
        m->best_addr = addr;
    }
}

HOT static void take(const struct registry *r, unsigned index, const struct find_wanted *w,
                     struct find_matches *m)
{
    if (m->is_found) {
        compare(r, index, w, m);
        return;
    }
    if (!record_read_key(&r->slot[index], &m->best) || (m->best_addr = match(w, &m->best)) < 0)
        return;
    m->is_found = true;
    m->index = index;
}

HOT void find_matches(const struct registry *r, const struct find_wanted *w, struct find_matches *m)
{
    unsigned number = layout_bucket(w->netns, w->port);

    m->is_found = m->have_protocols = m->have_answers = false;
    for (int chain = 0; chain < BUCKETS; chain++, number = (number + 1) % BUCKETS) {
        const struct bucket *b = &r->bucket[number];
        for (unsigned lane = 0; lane < BUCKET_RECORDS; lane++) {
            uint64_t tag = atomic_load_explicit(&b->tag[lane], memory_order_acquire);
            if (tag == TAG_FREE)
                continue;
            tag &= ~TAG_MARK;
            if (tag == w->tag[0] || tag == w->tag[1] || tag == w->tag[2])
                take(r, number * BUCKET_RECORDS + lane, w, m);
        }
        if (atomic_load_explicit(&b->passed_by, memory_order_acquire) == 0)
            break;
    }
}

/* ---- by the actual port ---- */

bool find_next(const struct registry *r, uint64_t netns, uint16_t port, struct find_walk *w,
               struct record *record)
{
    unsigned first = layout_bucket(netns, port);

    while (w->step < RECORDS) {
        unsigned number = (first + w->step / BUCKET_RECORDS) % BUCKETS;
        unsigned lane = w->step % BUCKET_RECORDS;
        bool is_last =
            lane == BUCKET_RECORDS - 1 &&
            atomic_load_explicit(&r->bucket[number].passed_by, memory_order_acquire) == 0;
        w->step = is_last ? RECORDS : w->step + 1;
        w->index = number * BUCKET_RECORDS + lane;
        if (layout_is_valid(r, w->index) && record_read(&r->slot[w->index], record) &&
            record->actual_port == port && record->netns == netns)
            return true;
    }
    return false;
}

bool find_next_of_all(const struct registry *r, struct find_walk *w, struct record *record)
{
    while (w->step < RECORDS) {
        w->index = w->step++;
        if (layout_is_valid(r, w->index) && record_read(&r->slot[w->index], record))
            return true;
    }
    return false;
}
