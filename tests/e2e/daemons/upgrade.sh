# Servers that execute themselves anew while they serve: nginx's change of the binary, for which
# it cleans its environment, and haproxy's reload. No request may fail meanwhile.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

cat > load.py <<'P'
# load.py STOP: requests on connections of their own, from four threads, until there is a file STOP.
import http.client, os, sys, threading
good, bad = [0] * 4, []
def work(n):
    while not os.path.exists(sys.argv[1]):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
            connection.request("GET", "/", headers={"Connection": "close"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or not text.startswith(b"port 80"):
                raise ValueError(answer.status, text)
            connection.close()
            good[n] += 1
        except Exception as e:
            bad.append(repr(e))
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print("enough" if sum(good) > 200 else f"only {sum(good)}", "requests,", len(bad), "failed", *bad[:3])
P
load() { python3 load.py stop > load.log 2>&1 & loader=$!; }
end_load() { touch stop; wait $loader; rm stop; }
answer() { curl -q --noproxy '*' -fsS --max-time 5 http://127.0.0.1:8080/ 2>&1; }
is_gone() { ! kill -0 "$1"; }
told_pid() { answer | sed 's/.* //'; }

# ---- nginx ----

mkdir nginx
cat > nginx.conf <<'C'
worker_processes 2;
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
        location / { return 200 "port $server_port of $pid\n"; }
    }
}
C
# upgrade: the new binary takes over, and the old one goes.
upgrade() {
    old=$(cat nginx.pid)
    kill -USR2 "$old"
    wait_until grep -qvx "$old" nginx.pid || return 1
    new=$(cat nginx.pid)
    wait_until pgrep -P "$new" || return 1
    kill -QUIT "$old"
    wait_until is_gone "$old"
}
# is_of MASTER: whether a worker of that one answers.
is_of() { [ "$(ps -o ppid= -p "$(told_pid)" | tr -d ' ')" = "$1" ]; }

# By its path: what it executes later is its own name, as it was called, without a search.
# shellcheck disable=SC2046 # words
start() { LD_PRELOAD=$PWD/libremap.so "$@" "$(command -v nginx)" -p "$PWD" $(nginx_log log) -c nginx.conf 2>> errors; }
end() {
    last=$(cat nginx.pid)
    kill -QUIT "$last"
    wait_until is_gone "$last"
}

start env REMAP_EXEC=inherit
wait_until answer || cat log errors
kill -USR2 "$(cat nginx.pid)"
wait_until grep -q 'new binary process [0-9]* exited' log
wait_until test -s nginx.pid # which it had put aside
like 'nginx: with REMAP_EXEC=inherit the new binary is refused port 80' 'bind\(\) to 0\.0\.0\.0:80 failed \(13: Permission denied\)' "$(cat log)"
end

: > log
start env
wait_until answer || cat log errors
load
upgrade
is 'nginx: a new binary takes over' 0 $?
wait_until is_of "$new"
is 'its workers answer' 0 $?
upgrade
is 'and one takes over from that' 0 $?
end_load
is 'no request has failed' 'enough requests, 0 failed' "$(cat load.log)"
like 'it believes to be on 80' '^port 80 of' "$(answer)"
end
# nginx before 1.19.5 opens the log that it was built with first.
is 'nothing was logged that went wrong' '' "$(grep -E '\[(emerg|alert|crit|error)\]' log | grep -v 'could not open error log file: ')"

# ---- haproxy ----

cat > haproxy.cfg <<'C'
global
    stats socket unix@haproxy.sock level admin expose-fd listeners
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 20s
frontend front
    bind :80
    http-request return status 200 content-type text/plain lf-string "port %[dst_port] of %pid\n"
C
LD_PRELOAD=$PWD/libremap.so haproxy -W -f haproxy.cfg > haproxy.log 2>&1 &
master=$!
wait_until answer || cat haproxy.log
has_started() { [ "$(grep -c 'Loading success' haproxy.log)" = "$1" ]; }
is_another() { now=$(told_pid) && [ "$now" -gt 0 ] && [ "$now" != "$1" ]; }
load
for turn in 1 2; do
    wait_until has_started $turn # the master, not only its worker
    worker=$(told_pid)
    kill -USR2 $master
    wait_until is_another "$worker"
    is "haproxy: a new worker after reload $turn" 0 $?
    wait_until is_gone "$worker"
    is "the old worker is gone after reload $turn" 0 $?
done
end_load
is 'no request has failed' 'enough requests, 0 failed' "$(cat load.log)"
like 'it believes to be on 80' '^port 80 of' "$(answer)"
kill -USR1 $master
wait $master
