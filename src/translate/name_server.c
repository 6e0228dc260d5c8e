#include "translate/name_server.h"

#include "linux/netns.h"
#include "translate/server.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

enum { NAME_SERVER_PORT = 53 };

static bool has_record(const struct registry *registry)
{
    struct registry_walk walk = {0};
    struct registry_entry e;

    return registry != NULL && registry_has_asked(registry, netns_own(), NAME_SERVER_PORT) &&
           registry_next_asked(registry, netns_own(), NAME_SERVER_PORT, &walk, &e);
}

bool name_server_may_run(void)
{
    const struct settings *settings = settings_get();

    if (settings == NULL || !settings->valid || settings->config.connect == CONNECT_OFF)
        return false;
    bool goes_by_table = settings->config.connect == CONNECT_TABLE &&
                         table_names_port(&settings->config.table, NAME_SERVER_PORT);
    return goes_by_table || has_record(shared_registry_find());
}

bool name_server_find(enum proto proto, const struct sockaddr *addr, socklen_t len,
                      struct sockaddr_storage *to)
{
    struct target t = {.fd = -1,
                       .name = addr,
                       .len = len,
                       .registry = shared_registry_find(),
                       .netns = netns_own()};

    if (!endpoint_read(&t.asked, addr, len) || t.asked.port != NAME_SERVER_PORT)
        return false;
    t.asked.proto = proto;
    if (!server_find(&t))
        return false;
    memcpy(to, &t.copy, len);
    return true;
}
