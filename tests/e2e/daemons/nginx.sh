# nginx with two workers on 80, over IPv4 and IPv6. It tells the port of each
# connection from getsockname, in the worker, which the master has forked.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

mkdir nginx
cat > nginx.conf <<'C'
worker_processes 2;
daemon off;
pid nginx.pid;
error_log log notice;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path nginx; proxy_temp_path nginx; fastcgi_temp_path nginx;
    uwsgi_temp_path nginx; scgi_temp_path nginx;
    server {
        listen 80;
        listen [::]:80 ipv6only=on;
        location / { return 200 "port $server_port\n"; }
        location /old { return 301 /new; }
    }
}
C
answer() { curl -q --noproxy '*' -gfsS --max-time 5 "$@" 2>&1; }
# shellcheck disable=SC2046 # words
start() { exec nginx -p "$PWD" $(nginx_log log) -c nginx.conf 2>> errors; }
workers() { grep -c 'start worker process [0-9]' log; }
workers_are() { [ "$(workers)" = "$1" ]; }

(start)
like 'it is refused port 80 without the library' 'bind\(\) to 0\.0\.0\.0:80 failed \(13: Permission denied\)' "$(cat log errors)"

: > log
(export LD_PRELOAD="$PWD/libremap.so"; start) &
server=$!
wait_until answer http://127.0.0.1:8080/ || cat log errors
is 'it answers on 8080 and believes to be on 80' 'port 80' "$(answer http://127.0.0.1:8080/)"
is 'over IPv6 too' 'port 80' "$(answer 'http://[::1]:8080/')"
is 'it sends clients to port 80, which needs no number' 'http://127.0.0.1/new' \
    "$(answer -o /dev/null -w '%{redirect_url}' http://127.0.0.1:8080/old)"
wait_until workers_are 2
is 'two workers' 2 "$(workers)"

kill -HUP $server
wait_until workers_are 4
is 'two new workers after a reload' 4 "$(workers)"
is 'which answer' 'port 80' "$(answer http://127.0.0.1:8080/)"

kill -QUIT $server
wait $server
is 'it ends well' 0 $?
like 'nothing was logged that went wrong' '^0$' "$(grep -cE '\[(emerg|alert|crit|error)\]' log)"
