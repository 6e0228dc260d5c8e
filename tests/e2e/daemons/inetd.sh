# openbsd-inetd, which gives its children an environment of its own (without -E): a child
# still tells by which port it was called.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

if ! command -v inetd >/dev/null; then # Debian's alone
    skip 'openbsd-inetd' 'it is not installed'
    exit
fi
echo "finger stream tcp nowait $(id -un) $PWD/probe probe fd=0 name" > inetd.conf
serve() { LD_PRELOAD=$PWD/libremap.so "$@" inetd -d -i "$PWD/inetd.conf" > log 2>&1 & server=$!; }
asked() { timeout 5 python3 -c 'import socket, sys; print(socket.create_connection(("127.0.0.1", int(sys.argv[1]))).makefile().read(), end="")' "$1" 2>&1; }
answers() { [ "$(asked 8079)" != '' ] && asked 8079; }

serve env
wait_until answers || cat log
is 'its child tells the asked port' 'name 127.0.0.1:79' "$(asked 8079)"
kill $server
wait $server

serve env REMAP_EXEC=inherit
wait_until answers || cat log
is 'with REMAP_EXEC=inherit it is told the actual one' 'name 127.0.0.1:8079' "$(asked 8079)"
kill $server
