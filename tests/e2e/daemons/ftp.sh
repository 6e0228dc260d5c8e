# proftpd on 21: passive, and active from port 20, with clients in the tree.
# shellcheck shell=sh
# shellcheck source=../../lib.sh
. ./lib.sh

mkdir files
echo 'hello from ftp' > files/greeting
{
    # What some versions have built in, and others load.
    for module in delay ls xfer; do
        [ ! -e "/usr/lib/proftpd/mod_$module.so" ] || echo "LoadModule mod_$module.c"
    done
    cat <<EOF
ServerType standalone
ServerName test
Port 21
DefaultAddress 127.0.0.1
UseIPv6 off
User $(id -un)
Group $(id -gn)
AuthPAM off
AuthOrder mod_auth_file.c
AuthUserFile $PWD/passwd
RequireValidShell off
WtmpLog off
TransferLog none
SystemLog $PWD/proftpd.log
PidFile $PWD/proftpd.pid
ScoreboardFile $PWD/scoreboard
DelayEngine off
RootRevoke off
UseReverseDNS off
EOF
} > proftpd.conf
# The password is "secret", as crypt(3) has it.
printf 'joe:%s:%s:%s::%s:/bin/sh\n' "\$5\$salt\$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6" "$(id -u)" "$(id -g)" "$PWD/files" > passwd
chmod 600 passwd
serve() { exec "$@" /usr/sbin/proftpd --nodaemon --config "$PWD/proftpd.conf"; }
fetch() { curl -q --noproxy '*' -sS --max-time 10 --user joe:secret "$@" 2>&1; }
inside() { LD_PRELOAD="$PWD/libremap.so" fetch "$@"; }

(serve env) > log 2>&1
like 'it is refused port 21 without the library' 'ermission denied' "$(cat log proftpd.log 2>&1)"

serve env LD_PRELOAD="$PWD/libremap.so" > log 2>&1 &
wait_until fetch ftp://127.0.0.1:8021/greeting || cat log proftpd.log
is 'it answers on 8021' 'hello from ftp' "$(fetch ftp://127.0.0.1:8021/greeting)"
is 'passive, in the tree' 'hello from ftp' "$(inside ftp://127.0.0.1/greeting)"
is 'active, in the tree' 'hello from ftp' "$(inside --ftp-port 127.0.0.1 --disable-eprt ftp://127.0.0.1/greeting)"
is 'active, by EPRT' 'hello from ftp' "$(inside --ftp-port 127.0.0.1 ftp://127.0.0.1/greeting)"

# A client that says where it is connected from.
cat > active.py <<'EOF'
import ftplib

class Active(ftplib.FTP):
    def ntransfercmd(self, cmd, rest=None):
        with self.makeport() as sock:
            self.sendcmd(cmd)
            conn, peer = sock.accept()
            print('from', peer[1], conn.getpeername()[1])
            return conn, None

ftp = Active()
ftp.connect('127.0.0.1', 21, timeout=10)
print('server', ftp.sock.getpeername()[1])
ftp.login('joe', 'secret')
ftp.set_pasv(False)
ftp.retrlines('RETR greeting')
ftp.quit()
EOF
is 'the client sees source port 20' 'server 21; from 20 20; hello from ftp' \
    "$(LD_PRELOAD="$PWD/libremap.so" timeout 20 /usr/bin/python3 active.py 2>&1 | awk '{ printf "%s%s", (NR > 1 ? "; " : ""), $0 }')"
