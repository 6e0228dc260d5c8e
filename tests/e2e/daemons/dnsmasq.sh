# dnsmasq: UDP and TCP on 53, asked by dig, which looks at where an answer comes from.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

serve() {
    exec "$@" /usr/sbin/dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --user= --group= \
        --pid-file= --log-facility=- --bind-interfaces --listen-address=127.0.0.1,::1 \
        --address=/a.test/192.0.2.80 --port=53
}
asks() { dig +short +tries=1 +time=3 "$@" a.test A 2>&1; }
inside() { LD_PRELOAD="$PWD/libremap.so" asks "$@"; }

(serve env) > log 2>&1
like 'it is refused port 53 without the library' 'Permission denied' "$(cat log)"

serve env LD_PRELOAD="$PWD/libremap.so" > log 2>&1 &
wait_until asks -p 8053 @127.0.0.1 || cat log
is 'it answers on 8053' 192.0.2.80 "$(asks -p 8053 @127.0.0.1)"
is 'and over TCP' 192.0.2.80 "$(asks -p 8053 @127.0.0.1 +tcp)"
is 'nobody is on 53' '' "$(asks @127.0.0.1 | grep -v '^;')"
is 'dig in the tree has its answer from port 53' 192.0.2.80 "$(inside @127.0.0.1)"
is 'over TCP' 192.0.2.80 "$(inside @127.0.0.1 +tcp)"
is 'over IPv6' 192.0.2.80 "$(inside @::1)"
is 'over IPv6 and TCP' 192.0.2.80 "$(inside @::1 +tcp)"
is 'dig in the tree that uses the high port is told of that' 192.0.2.80 "$(inside -p 8053 @127.0.0.1)"
like 'remap ps has both protocols' '^tcp +127\.0\.0\.1:53 +127\.0\.0\.1:8053 .*dnsmasq' "$(./remap ps)"
like 'and UDP' '^udp +\[::1\]:53 +\[::1\]:8053 .*dnsmasq' "$(./remap ps)"
is 'remap port, of UDP' 8053 "$(./remap port --proto udp domain)"
