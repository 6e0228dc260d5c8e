# Programs that no library can be loaded into: busybox httpd with its libc inside, and a small
# server with musl, static and dynamic. run itself chooses the engine.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

mkdir www
echo 'hello from busybox' > www/index.html
answer() { curl -q --noproxy '*' -gfsS --max-time 5 "$@" 2>&1; }
in_tree() { ./remap run -q curl -q --noproxy '*' -gfsS --max-time 5 "$@" 2>&1; }
engine() { ./remap ps | awk 'NR == 2 { print $(NF - 1) }'; }
is_static() { [ -x "$1" ] && ! readelf -lW "$1" 2>&1 | grep -q INTERP; }
# start COMMAND...: under run.
start() {
    : > out
    ./remap run "$@" > out 2> errors &
    server=$!
    wait_until answer http://127.0.0.1:8080/ || cat errors
}
end() {
    kill "$server"
    wait "$server" 2>/dev/null || true # by the signal
}

# Where the system's own is static, as Fedora's and Arch's, that one will do.
busybox=
for file in ./busybox-static "$(command -v busybox)" /bin/busybox.static; do
    if [ -z "$busybox" ] && is_static "$file"; then busybox=$file; fi
done
if [ -z "$busybox" ]; then
    fail 'a static busybox' 'none here: run scripts/setup test'
else
    like 'static busybox is refused port 80 under the library' 'bind: Permission denied' \
        "$(LD_PRELOAD=$PWD/libremap.so "$busybox" httpd -f -p 80 -h www 2>&1)"
    start "$busybox" httpd -f -p 80 -h www
    is 'static busybox, in the tree' 'hello from busybox' "$(in_tree http://127.0.0.1/)"
    is 'from outside' 'hello from busybox' "$(answer http://127.0.0.1:8080/)"
    is 'over IPv6' 'hello from busybox' "$(in_tree 'http://[::1]/')"
    is 'it asks itself' 'hello from busybox' "$(./remap run -q "$busybox" wget -q -O - http://127.0.0.1/ 2>&1)"
    is 'by the notify engine' notify "$(engine)"
    end

    ./remap run "$busybox" httpd -p 127.0.0.1:80 -h www > out 2> errors
    is 'as a daemon, run ends at once' 0 $?
    wait_until in_tree http://127.0.0.1/
    is 'and it answers' 'hello from busybox' "$(in_tree http://127.0.0.1/)"
    is 'and from outside' 'hello from busybox' "$(answer http://127.0.0.1:8080/)"
    kill "$(./remap ps --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -n 1)"
fi

if ! command -v musl-gcc > out; then
    fail 'a compiler with musl' 'no musl-gcc: run scripts/setup test'
    exit 0
fi
for kind in static dynamic; do
    option=-$kind
    [ $kind = static ] || option=-O1
    musl-gcc -O1 $option -o page-$kind static/page.c > out 2>&1 || fail "musl, $kind, is built" "$(cat out)"
    is "musl, $kind, is what it is called" $kind "$(is_static ./page-$kind && echo static || echo dynamic)"
    start ./page-$kind serve 80
    is "musl, $kind, is at port 80" 'at 80' "$(cat out)"
    is 'in the tree' 'a page of port 80' "$(in_tree http://127.0.0.1/)"
    is 'from outside' 'a page of port 80' "$(answer http://127.0.0.1:8080/)"
    is 'asked by its like' 'a page of port 80, said 80' "$(./remap run -q ./page-$kind ask 80)"
    case $kind in static) by=notify ;; *) by=preload ;; esac
    is 'by the engine for it' $by "$(engine)"
    end
done
