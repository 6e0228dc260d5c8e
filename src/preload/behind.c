/*
 * A call is noted in its own stack frame, and a variable of the thread has the innermost one. The
 * variable outlives the call if a signal handler leaves accept(2) by siglongjmp(3), or if a child
 * of vfork(2), which shares the variable, executes a program. So a note holds only
 *
 * - further down the same stack, and not far from it;
 * - while nothing else has been written to its place, which its end does, too;
 * - in the same process, if it is of exec.
 */
#include "preload/behind.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/hot.h"
#include "core/parameters.h"
#include "linux/sys.h"
#include "preload/exec.h"
#include "translate/next.h"

enum { FAR = 1 << 18 };

struct note {
    const struct note *_Atomic self; /* or NULL once the call has returned */
    const struct note *outer;
    pid_t process; /* or 0 for any */
};

static _Thread_local const struct note *_Atomic innermost
    __attribute__((tls_model("initial-exec")));

static void begin(struct note *n, pid_t process)
{
    n->outer = atomic_load_explicit(&innermost, memory_order_relaxed);
    n->process = process;
    atomic_store_explicit(&n->self, n, memory_order_relaxed);
    atomic_signal_fence(memory_order_release); /* a signal handler may read it next */
    atomic_store_explicit(&innermost, n, memory_order_relaxed);
}

static void end(struct note *n)
{
    atomic_store_explicit(&innermost, n->outer, memory_order_relaxed);
    atomic_store_explicit(&n->self, NULL, memory_order_relaxed);
}

bool behind_is_caller(void)
{
    const struct note *n = atomic_load_explicit(&innermost, memory_order_relaxed);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return n != NULL && (uintptr_t)n - here < FAR &&
           atomic_load_explicit(&n->self, memory_order_relaxed) == n &&
           (n->process == 0 || n->process == sys_getpid());
}

/* ---- handing on ---- */

static struct next behind;
static struct exec_next exec_behind;

#define HAND_ON(functions, process, name, result, handler, ...)                                    \
    COLD static result hand_on_##name PARAMETERS(__VA_ARGS__)                                      \
    {                                                                                              \
        struct note note;                                                                          \
                                                                                                   \
        begin(&note, process);                                                                     \
        result made = functions.name ARGUMENTS(__VA_ARGS__);                                       \
        end(&note);                                                                                \
        return made;                                                                               \
    }
#define SOCKET_CALL(...) HAND_ON(behind, 0, __VA_ARGS__)
#define EXEC_CALL(...) HAND_ON(exec_behind, sys_getpid(), __VA_ARGS__)
#define SPAWN_CALL(...) HAND_ON(exec_behind, 0, __VA_ARGS__)
#include "preload/calls.def"

/* ---- which functions are libc's ---- */

/* The memory of one object. */
struct range {
    uintptr_t first, size;
};

/* Sets `data` to the range of the object that has this function of libc. */
static int find_libc(struct dl_phdr_info *info, size_t size, void *data)
{
    uintptr_t of_libc = (uintptr_t)__errno_location, first = UINTPTR_MAX, end = 0;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + p->p_vaddr;

        if (p->p_type != PT_LOAD)
            continue;
        first = start < first ? start : first;
        end = start + p->p_memsz > end ? start + p->p_memsz : end;
    }
    if (of_libc < first || of_libc >= end)
        return 0;
    *(struct range *)data = (struct range){first, end - first};
    return 1;
}

void behind_watch(void)
{
    struct range libc = {0, 0};

    dl_iterate_phdr(find_libc, &libc);
#define WATCH(functions, real, name)                                                               \
    if ((uintptr_t)(functions).name - libc.first >= libc.size) {                                   \
        (real).name = (functions).name;                                                            \
        (functions).name = hand_on_##name;                                                         \
    }
#define SOCKET_CALL(name, ...) WATCH(next, behind, name)
#define EXEC_CALL(name, ...) WATCH(exec_next, exec_behind, name)
#define SPAWN_CALL EXEC_CALL
#include "preload/calls.def"
}
