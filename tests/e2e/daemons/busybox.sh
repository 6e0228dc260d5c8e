# busybox httpd: small, old-fashioned, and forks for each connection.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

mkdir -p www/cgi-bin
echo 'hello from busybox' > www/index.html
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\necho "port $SERVER_PORT"\n' > www/cgi-bin/port
chmod 755 www/cgi-bin/port
answer() { curl -q --noproxy '*' -fsS --max-time 5 "$@" 2>&1; }

like 'it is refused port 80 without the library' 'bind: Permission denied' \
    "$("$busybox" httpd -f -p 80 -h www 2>&1)"

LD_PRELOAD=$PWD/libremap.so "$busybox" httpd -f -p 80 -h www > log 2>&1 &
server=$!
wait_until answer http://127.0.0.1:8080/ || cat log
is 'it answers on 8080' 'hello from busybox' "$(answer http://127.0.0.1:8080/)"
kill $server
wait $server 2>/dev/null

LD_PRELOAD=$PWD/libremap.so "$busybox" httpd -p '[::1]:80' -h www > log 2>&1
wait_until answer -g 'http://[::1]:8080/' || cat log
is 'as a daemon, over IPv6' 'hello from busybox' "$(answer -g 'http://[::1]:8080/')"
