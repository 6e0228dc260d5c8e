#include "notify/name.h"

#include <errno.h>
#include <string.h>

struct told {
    struct sockaddr_storage name;
    socklen_t len;
};

static bool ask(name_call *call, int fd, struct told *told)
{
    told->len = sizeof(told->name);
    return call(fd, (struct sockaddr *)&told->name, &told->len) == 0;
}

/* Whether the two calls tell different names; in *told, what is to be told. */
static bool differs(int fd, name_call *plain, name_call *translated, struct told *told)
{
    struct told kernels;

    if (!ask(plain, fd, &kernels) || !ask(translated, fd, told))
        return false;
    return told->len != kernels.len || memcmp(&told->name, &kernels.name, told->len) != 0;
}

/*
 * Writes as much of the name as there is room for, and then how long it is, as the kernel
 * does (move_addr_to_user).
 */
static void tell(struct notification *s, const struct told *told)
{
    int32_t room, len = (int32_t)told->len;
    uint64_t name = s->argument[1], size = s->argument[2];

    if (!notification_read(s, size, &room, sizeof(room)) || room < 0) {
        notification_continue(s); /* the kernel says what is wrong */
        return;
    }
    const struct notification_part parts[] = {
        {name, &told->name, (size_t)(room < len ? room : len)},
        {size, &len, sizeof(len)},
    };
    if (notification_write(s, parts, sizeof(parts) / sizeof(parts[0])))
        notification_return(s, 0);
    else
        notification_fail(s, EFAULT);
}

void name_answer(struct notification *s, name_call *plain, name_call *translated)
{
    struct told told;
    int fd = notification_socket(s);

    if (fd >= 0 && differs(fd, plain, translated, &told))
        tell(s, &told);
    else
        notification_continue(s);
}
