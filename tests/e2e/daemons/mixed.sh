# One tree with programs of both kinds: a shell script, which the library is in, starts python on 80
# and a Go server on 443, which the library hands on to the notify engine; and each reaches
# the other, as does whoever else is in the tree.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

go_alone
mkdir www
echo 'hello from python' > www/index.html
cat > server.go <<'G'
package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	l, err := net.Listen("tcp", ":443")
	if err != nil {
		panic(err)
	}
	http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from Go at %s\n", l.Addr())
	}))
}
G
CGO_ENABLED=0 go build -o server server.go > build.log 2>&1 || fail 'a Go server is built' "$(cat build.log)"

cat > both <<'S'
#!/bin/sh
/usr/bin/python3 -m http.server --directory www 80 > python.log 2>&1 &
./server > go.log 2>&1 &
answer() { curl -q --noproxy '*' -gfsS --max-time 5 "$1" 2>&1; }
tries=0
until { answer http://127.0.0.1:80/ && answer http://127.0.0.1:443/; } >/dev/null || [ $tries = 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
{ answer http://127.0.0.1:80/; answer http://127.0.0.1:443/; } > inside.new
mv inside.new inside
wait
S
chmod a+x both
answer() { curl -q --noproxy '*' -gfsS --max-time 5 "$@" 2>&1; }
in_tree() { ./remap run -q curl -q --noproxy '*' -gfsS --max-time 5 "$1" 2>&1; }

./remap run ./both > log 2>&1 &
server=$!
wait_until test -e inside || cat log go.log
is 'the script reaches both' 'hello from python
hello from Go at [::]:443' "$(cat inside)"
is 'another of the tree: python' 'hello from python' "$(in_tree http://127.0.0.1/)"
is 'and Go' 'hello from Go at [::]:443' "$(in_tree http://127.0.0.1:443/)"
is 'from outside: python' 'hello from python' "$(answer http://127.0.0.1:8080/)"
is 'and Go' 'hello from Go at [::]:443' "$(answer http://127.0.0.1:8443/)"
is 'each by its own engine' 'preload 0.0.0.0:80 notify [::]:443' \
    "$(./remap ps | awk '/ python3 / { python = $(NF - 1) " " $2 } / server / { go = $(NF - 1) " " $2 } END { print python, go }')"
kill $server
