# Go, which makes its system calls itself: no library is asked, so that the notify engine is what
# catches it, and what --engine auto chooses; static, and dynamic (cgo), which is no other.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

# Without CGO_ENABLED, a C compiler decides.
go_alone
build() { CGO_ENABLED=$1 go build -o "$2" go/main.go go/http.go go/udp.go > build.log 2>&1 || fail "building with cgo $1" "$(cat build.log)"; }
command -v go > build.log 2>&1 || fail 'a Go compiler' 'no go: run scripts/setup test'
build 0 static
build 1 dynamic

answer() { curl -q --noproxy '*' -gfsS --max-time 5 "$@" 2>&1; }
quietly() { ./remap run -q "$@" 2>errors || cat errors; }
engine_of() { ./remap ps | awk -v asked="$1" '{ for (i = 1; i <= NF; i++) if ($i == asked) engine = $(NF - 1) } END { print engine }'; }
# start NAME COMMAND...: until it has said where it is.
start() {
    : > out
    ./remap run "$@" > out 2> errors &
    server=$!
    wait_until grep -q . out || cat out errors
}
end() {
    kill "$1"
    wait "$1" 2>/dev/null || true # by the signal
}

like 'it is refused port 80 by itself' 'listen tcp :80: bind: permission denied' "$(./static serve 80 tcp)"
like 'and under the library alone' 'permission denied' "$(LD_PRELOAD=$PWD/libremap.so ./dynamic serve 80 tcp)"

for kind in static dynamic; do
    start ./$kind serve 80 tcp
    is "$kind: it is at port 80" '[::]:80' "$(cat out)"
    like "$kind: run says where that is" '80.*8080' "$(cat errors)"
    is "$kind: by the notify engine, which nobody asked for" notify "$(engine_of '[::]:80')"
    is "$kind: from outside, over IPv4" 'served at 127.0.0.1:80' "$(answer http://127.0.0.1:8080/)"
    is "$kind: over IPv6" 'served at [::1]:80' "$(answer 'http://[::1]:8080/')"
    is "$kind: in the tree, by its like" 'served at 127.0.0.1:80' "$(quietly ./$kind ask http://127.0.0.1/)"
    is "$kind: by a name" 1 "$(quietly ./$kind ask http://localhost/ | grep -c 'served at .*:80$')"
    is "$kind: by another engine" 'served at [::1]:80' "$(quietly curl -q -gfsS 'http://[::1]/')"
    for keep in 1 0; do
        is "$kind: 20000 in the tree, kept $keep" '20000 requests, 0 errors' \
            "$(quietly ./$kind load http://localhost/ 20000 $keep)"
        is "$kind: 20000 from outside, kept $keep" '20000 requests, 0 errors' \
            "$(./$kind load http://localhost:8080/ 20000 $keep 2>errors)"
    done
    end $server
done

start ./static spawn 80
is 'a server that another has executed' '[::]:80' "$(cat out)"
is 'it answers' 'served at 127.0.0.1:80' "$(answer http://127.0.0.1:8080/)"
end $server

start ./static serve-udp 53
is 'datagrams on port 53' '[::]:53' "$(cat out)"
is 'a connected socket, in the tree' 'datagram 500 at [::]:53 from 127.0.0.1:53' \
    "$(quietly ./static ask-udp 127.0.0.1:53 500)"
is 'over IPv6' 'datagram 500 at [::]:53 from [::1]:53' "$(quietly ./dynamic ask-udp '[::1]:53' 500)"
is 'from outside' 'datagram 1 at [::]:53 from 127.0.0.1:8053' "$(./static ask-udp 127.0.0.1:8053 1)"
is 'sent to an address, with --datagrams' 'a datagram at [::]:53 from 127.0.0.1:8053' \
    "$(quietly --datagrams ./static send-udp 127.0.0.1:53 | sed 's/\[::ffff:127.0.0.1\]/127.0.0.1/')"
end $server
