#include "core/service.h"

#include <string.h>

/*
 * From the IANA Service Name and Transport Protocol Port Number Registry, and the common
 * name smtps for its submissions.
 */
const struct service service_table[] = {
    /* clang-format off */
    {"acr-nema", 104},
    {"afpovertcp", 548},
    {"amqp", 5672},
    {"amqps", 5671},
    {"asf-rmcp", 623},
    {"auth", 113},
    {"bacnet", 47808},
    {"bgp", 179},
    {"biff", 512},
    {"bootpc", 68},
    {"bootps", 67},
    {"chargen", 19},
    {"clearcase", 371},
    {"cmip-agent", 164},
    {"cmip-man", 163},
    {"coap", 5683},
    {"coaps", 5684},
    {"codaauth2", 370},
    {"daytime", 13},
    {"dhcpv6-client", 546},
    {"dhcpv6-server", 547},
    {"discard", 9},
    {"docker", 2375},
    {"docker-s", 2376},
    {"domain", 53},
    {"domain-s", 853},
    {"echo", 7},
    {"efs", 520},
    {"epmap", 135},
    {"epmd", 4369},
    {"exec", 512},
    {"finger", 79},
    {"ftp", 21},
    {"ftp-data", 20},
    {"ftps", 990},
    {"ftps-data", 989},
    {"gdomap", 538},
    {"git", 9418},
    {"gopher", 70},
    {"http", 80},
    {"http-alt", 8080},
    {"https", 443},
    {"https-alt", 8443},
    {"imap", 143},
    {"imap2", 143},
    {"imaps", 993},
    {"ipp", 631},
    {"ipx", 213},
    {"irc", 194},
    {"ircd", 6667},
    {"ircs-u", 6697},
    {"isakmp", 500},
    {"iscsi", 860},
    {"iso-tsap", 102},
    {"kerberos", 88},
    {"kerberos-adm", 749},
    {"kerberos-iv", 750},
    {"klogin", 543},
    {"kpasswd", 464},
    {"kshell", 544},
    {"ldap", 389},
    {"ldaps", 636},
    {"ldp", 646},
    {"login", 513},
    {"mailq", 174},
    {"mdns", 5353},
    {"memcache", 11211},
    {"microsoft-ds", 445},
    {"mqtt", 1883},
    {"ms-sql-m", 1434},
    {"ms-sql-s", 1433},
    {"ms-wbt-server", 3389},
    {"mysql", 3306},
    {"netbios-dgm", 138},
    {"netbios-ns", 137},
    {"netbios-ssn", 139},
    {"nfs", 2049},
    {"nicname", 43},
    {"nntp", 119},
    {"nntps", 563},
    {"nqs", 607},
    {"ntalk", 518},
    {"ntp", 123},
    {"openvpn", 1194},
    {"pawserv", 345},
    {"pop2", 109},
    {"pop3", 110},
    {"pop3s", 995},
    {"postgresql", 5432},
    {"printer", 515},
    {"ptp-event", 319},
    {"ptp-general", 320},
    {"qmqp", 628},
    {"qmtp", 209},
    {"qotd", 17},
    {"radius", 1812},
    {"radius-acct", 1813},
    {"redis", 6379},
    {"rfb", 5900},
    {"rmiregistry", 1099},
    {"router", 520},
    {"rpc2portmap", 369},
    {"rsync", 873},
    {"rtsp", 554},
    {"saft", 487},
    {"secure-mqtt", 8883},
    {"sftp", 115},
    {"shell", 514},
    {"silc", 706},
    {"sip", 5060},
    {"sips", 5061},
    {"smtp", 25},
    {"smtps", 465},
    {"smux", 199},
    {"snmp", 161},
    {"snmptrap", 162},
    {"snpp", 444},
    {"socks", 1080},
    {"ssh", 22},
    {"submission", 587},
    {"submissions", 465},
    {"sunrpc", 111},
    {"svn", 3690},
    {"svrloc", 427},
    {"syslog", 514},
    {"systat", 11},
    {"tacacs", 49},
    {"talk", 517},
    {"tcpmux", 1},
    {"telnet", 23},
    {"telnets", 992},
    {"tftp", 69},
    {"time", 37},
    {"tinc", 655},
    {"urd", 465},
    {"uucp", 540},
    {"who", 513},
    {"whois", 43},
    {"www", 80},
    {"www-http", 80},
    {"x11", 6000},
    {"xdmcp", 177},
    {"xmpp-client", 5222},
    {"xmpp-server", 5269},
    {"z3950", 210},
    {"zserv", 346},
    /* clang-format on */
};

const size_t service_count = sizeof(service_table) / sizeof(service_table[0]);

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

uint16_t service_port(const char *name, size_t size)
{
    char wanted[SERVICE_NAME_MAX + 1] = "";

    if (size == 0 || size > SERVICE_NAME_MAX)
        return 0;
    for (size_t i = 0; i < size; i++)
        wanted[i] = to_lower(name[i]);

    size_t low = 0, high = service_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(wanted, service_table[middle].name, sizeof(wanted));
        if (order == 0)
            return service_table[middle].port;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
