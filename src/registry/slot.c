/*
 * A slot is two cache lines: a sequence and words. The lower half of the sequence is 0 if
 * the slot was never used, odd while it is being written, and else even. The upper half is
 * the pid of the writer. A writer takes a slot by a compare-and-swap from even to odd, and
 * releases it with the next even number. A reader copies the words, and uses them only if
 * the sequence was even and has not changed. If a writer is killed, the slot stays odd: readers
 * skip it until a writer that needs it finds that the process has ended, and takes it.
 */
#include "registry/slot.h"

#include <errno.h>

#include "core/hot.h"
#include "linux/sys.h"

/* Returns the sequence after `sequence` of a slot that `pid` writes. Its lower half is not 0. */
static uint64_t taken_by(uint32_t pid, uint64_t sequence)
{
    return (uint64_t)pid << 32 | (uint32_t)(sequence | 1);
}

bool slot_is_alive(uint32_t pid)
{
    return pid != 0 && pid <= INT32_MAX && (sys_kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

bool slot_is_anothers(uint64_t sequence)
{
    return sequence % 2 != 0 && slot_is_alive((uint32_t)(sequence >> 32));
}

/* Returns whether its writer was killed. */
static bool is_dead(uint64_t sequence)
{
    return sequence % 2 != 0 && !slot_is_alive((uint32_t)(sequence >> 32));
}

HOT bool slot_take(struct slot *s, uint64_t sequence, uint32_t pid)
{
    if (slot_is_anothers(sequence))
        return false;
    return atomic_compare_exchange_strong_explicit(&s->sequence, &sequence, taken_by(pid, sequence),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

COLD enum slot_state slot_read_again(const struct slot *s, int words, struct slot_record *record)
{
    enum { SPINS = 200, YIELDS = 100 };
    enum slot_state state = SLOT_BUSY;
    int saved = errno;

    for (int i = 0; state == SLOT_BUSY && i < SPINS + YIELDS; i++) {
        if (i >= SPINS) {
            if (is_dead(atomic_load_explicit(&s->sequence, memory_order_relaxed)))
                break;
            sys_yield();
        }
        state = slot_read(s, words, record);
    }
    errno = saved;
    return state;
}

HOT void slot_write(struct slot *s, uint64_t sequence, const struct slot_record *record)
{
    uint64_t words[SLOT_WORDS];
    uint32_t next = (uint32_t)(sequence | 1) + 1;

    memcpy(words, record, sizeof(*record));
    for (int i = 0; i < SLOT_WORDS; i++)
        atomic_store_explicit(&s->word[i], words[i], memory_order_release);
    atomic_store_explicit(&s->sequence, next != 0 ? next : 2, memory_order_release);
}
