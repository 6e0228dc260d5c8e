# python3 -m http.server: the README's own example.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

mkdir www
echo 'hello from python' > www/index.html
serve() { exec "$@" python3 -u -m http.server --directory www 80; }
answer() { curl -q --noproxy '*' -fsS --max-time 5 "$@" 2>&1; }

(serve env) > log 2>&1
like 'it is refused port 80 without the library' 'PermissionError: \[Errno 13\]' "$(tail -n 1 log)"

serve env LD_PRELOAD="$PWD/libremap.so" > log 2>&1 &
server=$!
wait_until answer http://127.0.0.1:8080/ || cat log
is 'it answers on 8080' 'hello from python' "$(answer http://127.0.0.1:8080/)"
like 'it says that it is on 80' '^Serving HTTP on 0\.0\.0\.0 port 80 ' "$(head -n 1 log)"
answer http://127.0.0.1:80/ >/dev/null
is 'nobody is on 80' 7 $?
kill $server
wait $server

serve ./remap run -r http=127.0.0.1:9090 > log 2>&1 &
server=$!
wait_until answer http://127.0.0.1:9090/ || cat log
is 'by remap run, on the address of the table' 'hello from python' "$(answer http://127.0.0.1:9090/)"
like 'remap run says so' '^remap: python3\[[0-9]+\]: tcp/0\.0\.0\.0:80 is on tcp/127\.0\.0\.1:9090$' "$(cat log)"
is 'remap run has become the server' python3 "$(cat /proc/$server/comm)"
kill $server
