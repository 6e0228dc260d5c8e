# Clients, and what else recipes share. Each client takes the words that come before it, and knows $door, $host and $port.

# The host as a URL has it.
url_host() { case $host in *:*) echo "[$host]" ;; *) echo "$host" ;; esac; }

# page PATH [PREFIX]...: by HTTP, or on 443 by HTTPS; where the recipe has tls=no, by HTTP there, too.
page() {
    path=$1 scheme=http
    shift
    if [ "$door" = 443/tcp ] && [ "${tls-}" != no ]; then scheme=https; fi
    "$@" curl -q --noproxy '*' -gsS --max-time 10 --cacert "$HOME/certificate.pem" "$scheme://$(url_host):$port$path"
}

# upgrades PROTOCOL [PREFIX]...: whether the server makes a web socket of a connection.
upgrades() {
    protocol=$1
    shift
    "$@" python3 -c "$web_socket" "$host" "$port" "$protocol" | grep '^HTTP/1.1 101 '
}
web_socket='
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as client:
    client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: " + sys.argv[3].encode() + b"\r\n\r\n")
    print(client.recv(4096).split(b"\r\n")[0].decode())
'

# The names that the server goes by, on either host; and its key.
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=server.test \
        -addext 'subjectAltName=DNS:server.test,DNS:localhost,IP:127.0.0.1,IP:::1,IP:192.0.2.1,IP:2001:db8::1' \
        -keyout key.pem -out certificate.pem 2>&1
}

# question NAME TYPE [PREFIX]...: by DNS, in the door's own protocol; dig believes no answer from elsewhere.
question() {
    name=$1 type=$2
    shift 2
    set -- "$@" dig +short +tries=1 +time=3 -p "$port" "@$host" "$name" "$type"
    case $door in */tcp) "$@" +tcp ;; *) "$@" +notcp ;; esac
}

# cgi_port FILE: a CGI script that tells the port that the server told it.
cgi_port() {
    printf '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\necho "port $SERVER_PORT"\n' > "$1"
    chmod 755 "$1"
}

# is_logged TIMES PATTERN [FILE]: whether there are that many lines of it.
is_logged() { [ "$(grep -c -- "$2" "${3-log}")" = "$1" ]; }

# fetch_by_ftp PATH USER:PASSWORD [PREFIX]...: passive, and active, where the server connects to the client: from
# which port, as this client sees it, which is another one in the tree. Then the server's greeting.
fetch_by_ftp() {
    path=$1 login=$2
    shift 2
    data_port=$("$@" python3 -c "$ftp_data_port" "$host" "$port" "$path" "${login%:*}" "${login#*:}" 2>&1)
    set -- "$@" curl -q --noproxy '*' -gsS --max-time 10 --user "$login" "ftp://$(url_host):$port/$path"
    passive=$("$@" 2>&1)
    active=$("$@" --ftp-port - 2>&1)
    echo "passive: $passive active: $active $data_port"
}
ftp_data_port='
import ftplib, os, sys
host, port, path, user, password = sys.argv[1:]
ftp = ftplib.FTP(timeout=10)
ftp.connect(host, int(port))
ftp.login(user, password)
ftp.set_pasv(False)
with ftp.transfercmd("RETR " + path) as data:
    print("from port", data.getpeername()[1], "in the tree" if "LD_PRELOAD" in os.environ else "outside")
print(ftp.getwelcome())
'

# greets_by_ftp STRING: whether the server does so by now.
greets_by_ftp() { curl -q --noproxy '*' -sv --max-time 10 ftp://127.0.0.1:8021/ 2>&1 | grep -F "< 220" | grep -F "$1"; }

# telnet_until_closed [PREFIX]...: what the other side writes until it closes. Its hello is answered with the same.
telnet_until_closed() {
    rm -f keys && mkfifo keys
    # A telnet that reads an end of its input would leave at once.
    { timeout 20 "$@" telnet "$host" "$port" 2>&1 | sed -u '/hello/w keys'; } <>keys
}

# receive SCHEME PATH [PREFIX]...: reads mail by IMAP or POP3, with TLS where the scheme says so.
receive() {
    scheme=$1 path=$2
    shift 2
    "$@" curl -q --noproxy '*' -gsS --max-time 10 --cacert "$HOME/certificate.pem" --user remap:secret "$scheme://$(url_host):$port$path"
}

# send TEXT [PREFIX]...: a mail to the user remap, by SMTP.
send() {
    text=$1
    shift
    printf 'From: a@client.test\r\nSubject: a mail\r\n\r\n%s\r\n' "$text" |
        "$@" curl -q --noproxy '*' -gsS --max-time 10 --mail-from a@client.test --mail-rcpt remap@server.test -T - "smtp://$(url_host):$port/client.test"
}

# deliver [PREFIX]...: sends a mail of its own, and prints it as the recipe's function delivered finds it, by $text.
deliver() {
    text="a mail of $$ to $host"
    send "$text" "$@" && wait_until delivered && delivered
}

# reopen_services PROCESS COUNT: has an inetd let all that it listens for go, by an empty file, and have it again.
reopen_services() {
    mv inetd.conf services && touch inetd.conf && kill -HUP "$(pidof "$1")" && wait_until listens_for 0 &&
        mv services inetd.conf && kill -HUP "$(pidof "$1")" && wait_until listens_for "$2"
}
listens_for() { [ "$(ss -Hltn '( sport = :8023 or sport = :8079 )' | wc -l)" = "$1" ]; }
