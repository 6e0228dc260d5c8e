#include "preload/credentials.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "translate/shared_registry.h"

static void prepare(void)
{
    shared_registry_get(); /* which reads the settings first */
}

/*
 * The function behind ours, written to *function. Looked up when it is called, and not by the
 * constructor: few programs call any of these. -1 with ENOSYS where there is none.
 */
static int find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL) {
        errno = ENOSYS;
        return -1;
    }
    memcpy(function, &found, sizeof(found));
    return 0;
}

int credentials_setuid(uid_t uid)
{
    int (*function)(uid_t);

    prepare();
    return find("setuid", &function) == 0 ? function(uid) : -1;
}

int credentials_seteuid(uid_t uid)
{
    int (*function)(uid_t);

    prepare();
    return find("seteuid", &function) == 0 ? function(uid) : -1;
}

int credentials_setreuid(uid_t real, uid_t effective)
{
    int (*function)(uid_t, uid_t);

    prepare();
    return find("setreuid", &function) == 0 ? function(real, effective) : -1;
}

int credentials_setresuid(uid_t real, uid_t effective, uid_t saved)
{
    int (*function)(uid_t, uid_t, uid_t);

    prepare();
    return find("setresuid", &function) == 0 ? function(real, effective, saved) : -1;
}

int credentials_chroot(const char *path)
{
    int (*function)(const char *);

    prepare();
    return find("chroot", &function) == 0 ? function(path) : -1;
}
