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

# fetch_by_ftp PATH USER:PASSWORD [PREFIX]...: passive, and active, where the server connects to the client.
fetch_by_ftp() {
    path=$1 login=$2
    shift 2
    set -- "$@" curl -q --noproxy '*' -gsS --max-time 10 --user "$login"
    passive=$("$@" "ftp://$(url_host):$port$path" 2>&1)
    active=$("$@" --ftp-port - "ftp://$(url_host):$port$path" 2>&1)
    echo "passive: $passive active: $active"
}

# telnet_until_closed [PREFIX]...: what the other side writes until it closes.
telnet_until_closed() {
    rm -f held && mkfifo held
    # A telnet that reads an end of its input would leave at once.
    timeout 20 "$@" telnet "$host" "$port" <>held
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
