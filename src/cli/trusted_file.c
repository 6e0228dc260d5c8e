/*
 * Walks the path as the kernel does, one name at a time, and checks every folder on the way:
 * a user who can write to one can put another file there.
 */
#include "cli/trusted_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"

enum { LINKS_MAX = 40 }; /* as path_resolution(7) */

struct walk {
    char done[PATH_MAX]; /* without a slash at its end; "" is / */
    char rest[PATH_MAX];
    unsigned links;
};

static bool refuse(const char *path, const char *why)
{
    message_print("%s %s", path[0] != '\0' ? path : "/", why);
    return false;
}

/*
 * The owner of / can change anything. In a user namespace this may be a user without
 * a number there (user_namespaces(7)).
 */
static bool is_trusted_user(uid_t uid)
{
    struct stat root;

    return uid == 0 || uid == geteuid() || (stat("/", &root) == 0 && uid == root.st_uid);
}

static bool check_folder(const char *path, const struct stat *st, bool holds_the_file)
{
    if (!is_trusted_user(st->st_uid))
        return refuse(path, "belongs to another user, who can replace the table: move the table, "
                            "or chown the folder to root");
    if ((st->st_mode & 022) != 0 && (holds_the_file || (st->st_mode & S_ISVTX) == 0))
        return refuse(path, "is writable by others, who can replace the table: move the table, "
                            "or chmod go-w the folder");
    return true;
}

static bool check_file(const char *path, const struct stat *st)
{
    if (!S_ISREG(st->st_mode))
        return refuse(path, "is not a file");
    if (!is_trusted_user(st->st_uid))
        return refuse(path, "belongs to another user: chown it to root");
    if ((st->st_mode & 022) != 0)
        return refuse(path, "is writable by others: chmod go-w it");
    return true;
}

/* Moves the first name of w->rest to `name`. */
static bool take_name(struct walk *w, char name[NAME_MAX + 1])
{
    const char *at = w->rest + strspn(w->rest, "/");
    size_t size = strcspn(at, "/");

    if (size > NAME_MAX)
        return refuse(w->rest, "is too long");
    memcpy(name, at, size);
    name[size] = '\0';
    memmove(w->rest, at + size, strlen(at + size) + 1);
    return true;
}

static bool is_last(const struct walk *w)
{
    return w->rest[strspn(w->rest, "/")] == '\0';
}

/* Puts the target of the link in front of the rest of the walk. */
static bool follow(struct walk *w, const char *link)
{
    char target[PATH_MAX], joined[PATH_MAX];
    ssize_t size = readlink(link, target, sizeof(target) - 1);

    if (size < 0 || ++w->links > LINKS_MAX)
        return refuse(link, "cannot be followed: use the path of the file itself");
    target[size] = '\0';
    int length = snprintf(joined, sizeof(joined), "%s/%s", target, w->rest);
    if (length < 0 || (size_t)length >= sizeof(joined))
        return refuse(link, "leads to a path that is too long: use the path of the file itself");
    if (is_last(w))
        joined[size] = '\0';
    if (target[0] == '/')
        w->done[0] = '\0';
    memcpy(w->rest, joined, strlen(joined) + 1);
    return true;
}

static bool step(struct walk *w)
{
    char name[NAME_MAX + 1], path[PATH_MAX];
    struct stat folder, st;

    if (!take_name(w, name))
        return false;
    if (name[0] == '\0' || strcmp(name, ".") == 0)
        return true;
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(w->done, '/');
        if (slash != NULL)
            *slash = '\0';
        return true;
    }
    int length = snprintf(path, sizeof(path), "%s/%s", w->done, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return refuse(w->done, "is too long");
    if (stat(w->done[0] != '\0' ? w->done : "/", &folder) != 0 || lstat(path, &st) != 0)
        return refuse(path, "cannot be examined: check the path");
    if (!check_folder(w->done, &folder, is_last(w)))
        return false;
    if (S_ISLNK(st.st_mode))
        return is_trusted_user(st.st_uid)
                   ? follow(w, path)
                   : refuse(path,
                            "is a symbolic link of another user: use the path of the file itself");
    memcpy(w->done, path, (size_t)length + 1);
    return !is_last(w) || check_file(path, &st);
}

bool trusted_file_check(const char *path)
{
    struct walk w = {.links = 0};
    char folder[PATH_MAX] = "";

    if (path[0] != '/' && getcwd(folder, sizeof(folder)) == NULL)
        return refuse(path, "is in an unknown folder: use an absolute path");
    int length = snprintf(w.rest, sizeof(w.rest), "%s/%s", folder, path);
    if (length < 0 || (size_t)length >= sizeof(w.rest))
        return refuse(path, "is too long");
    while (!is_last(&w)) {
        if (!step(&w))
            return false;
    }
    return true;
}
