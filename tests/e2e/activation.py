"""Tests of 80=systemd. Prints TAP lines. usage: activation.py FOLDER"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

DIR = sys.argv[1]
REMAP = DIR + "/remap"
ACTIVATE = shutil.which("systemd-socket-activate")
PYTHON = sys.executable
PLAIN = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
USER = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def result(name, got, expected):
    if got == expected:
        print("ok -", name, flush=True)
    else:
        print("not ok -", name)
        print("#   expected:", repr(expected))
        print("#   got:     ", repr(got), flush=True)


def skip(name, why):
    print("ok -", name, "# SKIP", why, flush=True)


def wait_for(what):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        select_nothing()
    return what()


def select_nothing():
    threading.Event().wait(0.02)


def run(*command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, **options)


DROP = USER if os.geteuid() == 0 and run(*USER, "true").returncode == 0 else PLAIN


def processes(name):
    """Of this suite alone: it has a pid namespace of its own. Only to look at: ends none of them."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() == name:
                    found.append(int(pid))
        except OSError:
            pass
    return found


def no_keeper():
    return not processes("remap-sockets")


def get(host="127.0.0.1", path="/"):
    try:
        connection = http.client.HTTPConnection(host, 80, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().read().decode().strip()
    except OSError as error:
        return str(error)


def is_listening(port=80, udp=False):
    files = ["/proc/net/udp", "/proc/net/udp6"] if udp else ["/proc/net/tcp", "/proc/net/tcp6"]
    for file in files:
        with open(file) as lines:
            for line in lines:
                words = line.split()
                if words[1].endswith(f":{port:04X}") and words[3] == ("07" if udp else "0A"):
                    return True
    return False


class Activated:
    """A command that systemd-socket-activate starts at the first connection."""

    def __init__(self, options, command, table="80=systemd", run_options=(), port=80):
        self.log = open(DIR + "/log", "w+")
        self.process = subprocess.Popen(
            [ACTIVATE, "-E", f"REMAP_STATE={DIR}/state", *options, *DROP, REMAP, "run", *run_options, "-r", table, "--", *command],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        wait_for(lambda: is_listening(port, "-d" in options))

    def __enter__(self):
        return self

    def output(self):
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


# Answers with the address of the client and its own: what accept, getpeername and getsockname tell.
SERVER = """
import os, socket, sys
family, address = getattr(socket, sys.argv[1]), sys.argv[2]
s = socket.socket(family, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
number, inherits = s.fileno(), s.get_inheritable()
s.settimeout(20)
s.bind((address, int(sys.argv[3]) if len(sys.argv) > 3 else 80))
s.listen()
own = s.getsockname()
options = [s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
           s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), os.get_blocking(number), s.fileno() == number,
           s.get_inheritable() == inherits]
while True:
    c, peer = s.accept()
    c.recv(1000)
    text = repr((own[:2], peer[0], c.getpeername()[0], c.getsockname()[:2], options)).encode()
    c.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(text) + text)
    c.close()
"""


def server(family, address, *more):
    return [PYTHON, "-c", SERVER, family, address, *more]


OPTIONS = "[1, 40000, 1, False, True, True]"


def test_families():
    v4 = f"(('0.0.0.0', 80), '127.0.0.1', '127.0.0.1', ('127.0.0.1', 80), {OPTIONS})"
    v6 = f"(('::', 80), '::1', '::1', ('::1', 80), {OPTIONS})"
    cases = [
        ("IPv4 on a socket of both", "80", "AF_INET", "0.0.0.0", "127.0.0.1", v4, ()),
        ("IPv4", "0.0.0.0:80", "AF_INET", "0.0.0.0", "127.0.0.1", v4, ()),
        ("IPv6", "80", "AF_INET6", "::", "::1", v6, ()),
        ("IPv4, under notify", "0.0.0.0:80", "AF_INET", "0.0.0.0", "127.0.0.1", v4, ("--engine", "notify")),
        ("IPv6, under notify", "80", "AF_INET6", "::", "::1", v6, ("--engine", "notify")),
    ]
    for name, listen, family, address, host, expected, engine in cases:
        with Activated(["-l", listen], server(family, address), run_options=engine):
            result(name + ": addresses and options", get(host), expected)
            asked = f"[{address}]:80" if ":" in address else f"{address}:80"
            result(name + ": ps shows the server", asked in run(*DROP, REMAP, "ps").stdout, True)
        result(name + ": the keeper ends", wait_for(no_keeper), True)


def test_one_family():
    with Activated(["-l", "[::1]:80"], server("AF_INET6", "::1")):
        result("an address of IPv6", get("::1").split(",")[0], "(('::1'")
    with Activated(["-l", "80"], server("AF_INET", "0.0.0.0"), run_options=("--engine", "notify")) as a:
        get()
        result("notify leaves a socket of IPv6 alone for IPv4",
               "fits no socket that the service manager passed" in a.output(), True)


def test_lost_environment():
    code = ("import os, sys\nos.closerange(3, 1000)\nos.execve(sys.executable, [sys.executable, '-c', "
            "sys.argv[1], 'AF_INET', '0.0.0.0'], {})")
    with Activated(["-l", "80"], [PYTHON, "-c", code, SERVER]):
        result("after a cleaned environment and closed descriptors", get().split(",")[0], "(('0.0.0.0'")
    result("the keeper ends after that", wait_for(no_keeper), True)


def test_own_activation():
    code = ("import socket, os\ns = socket.socket(fileno=3)\nassert os.environ['LISTEN_PID'] == str(os.getpid())\n"
            "c, _ = s.accept()\nc.recv(1000)\nc.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nown')")
    for engine in ("preload", "notify"):
        with Activated(["-l", "80"], [PYTHON, "-c", code], run_options=("--engine", engine)):
            result(f"a program that takes sockets itself, under {engine}", get(), "own")


def test_names():
    code = ('"$1" -c "$2" AF_INET 0.0.0.0 80 & web=$!; "$1" -c "$2" AF_INET 0.0.0.0 8081 & admin=$!; '
            'trap "kill $web $admin" TERM; wait; wait')
    with Activated(["-l", "0.0.0.0:80", "-l", "0.0.0.0:81", "--fdname=web:admin"],
                   ["sh", "-c", code, "sh", PYTHON, SERVER],
                   table="80=systemd:web,8081=systemd:admin"):
        result("a script with two servers: web", get().split(",")[0], "(('0.0.0.0'")

        def admin():
            try:
                with socket.create_connection(("127.0.0.1", 81), timeout=10) as s:
                    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    return b"200 OK" in s.recv(1000)
            except OSError:
                return False
        result("a script with two servers: admin", admin(), True)
    result("the keeper ends after two servers", wait_for(no_keeper), True)


def test_udp():
    code = ("import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('0.0.0.0', 53))\n"
            "while True:\n    d, a = s.recvfrom(100)\n    s.sendto(d + a[0].encode(), a)")
    with Activated(["-d", "-l", "0.0.0.0:53"], [PYTHON, "-c", code], table="53=systemd", port=53):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(10)
            s.sendto(b"x", ("127.0.0.1", 53))
            try:
                answer = s.recv(100)
            except OSError as error:
                answer = error
            result("UDP", answer, b"x127.0.0.1")


def test_static():
    if not os.access(DIR + "/static", os.X_OK):
        skip("a static server of Go", "no go")
        return
    with Activated(["-l", "80"], [DIR + "/static", "serve", "80"]):
        result("a static server of Go, by notify", get(), "served at 127.0.0.1:80")
    result("the keeper ends after it", wait_for(no_keeper), True)


def test_nginx():
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if nginx is None:
        skip("nginx", "no nginx")
        return
    folder = DIR + "/nginx"
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    with open(DIR + "/nginx.conf", "w") as file:
        file.write(f"worker_processes 2; pid {folder}/pid; error_log {folder}/error;\n"
                   f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;"
                   f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
                   "server { listen 80; location / { return 200 $remote_addr; } } }\n")
    with Activated(["-l", "80"], [nginx, "-c", DIR + "/nginx.conf"]) as a:
        result("nginx as a daemon, with workers", get(), "127.0.0.1")
        a.process.wait(10)
        with open(folder + "/pid") as file:
            first = int(file.read())
        os.kill(first, signal.SIGUSR2)
        result("nginx: USR2 starts another", bool(wait_for(lambda: os.path.exists(folder + "/pid.oldbin"))), True)
        wait_for(lambda: os.path.exists(folder + "/pid"))
        os.kill(first, signal.SIGQUIT)
        wait_for(lambda: not os.path.exists(f"/proc/{first}"))
        result("nginx after USR2", get(), "127.0.0.1")
        result("the keeper stays for it", no_keeper(), False)
        with open(folder + "/pid") as file:
            os.kill(int(file.read()), signal.SIGTERM)
        result("the keeper ends after nginx", wait_for(no_keeper), True)


RESTARTED = """
import signal, socket, sys
stopped = False
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.bind(('0.0.0.0', 80))
s.listen(4096)
s.settimeout(0.01)
def stop(*_):
    global stopped
    stopped = True
signal.signal(signal.SIGTERM, stop)
while not stopped:
    try:
        c, _ = s.accept()
    except socket.timeout:
        continue
    c.settimeout(10)
    c.recv(1000)
    c.sendall(b'yes')
    c.close()
"""


def test_restarts():
    requests, restarts = 10000, 10
    manager = socket.socket()
    manager.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    manager.bind(("0.0.0.0", 80))
    manager.listen(4096)
    bad, done = [], [0]

    def start():
        def prepare():
            os.dup2(manager.fileno(), 3)
            os.set_inheritable(3, True)
            os.environ["LISTEN_FDS"] = "1"
            os.environ["LISTEN_PID"] = str(os.getpid())
        command = [*DROP, REMAP, "run", "-q", "-r", "80=systemd", "--", PYTHON, "-c", RESTARTED]
        pid = os.fork()
        if pid == 0:
            prepare()
            os.execvp(command[0], command)
        return pid

    def ask():
        for _ in range(requests // 4):
            try:
                with socket.create_connection(("127.0.0.1", 80), timeout=20) as s:
                    s.sendall(b"?")
                    if s.recv(10) != b"yes":
                        bad.append("no answer")
            except OSError as error:
                bad.append(str(error))
            done[0] += 1

    clients = [threading.Thread(target=ask) for _ in range(4)]
    pid = start()
    for client in clients:
        client.start()
    for i in range(1, restarts + 1):
        end = time.monotonic() + 60
        while done[0] < i * requests // (restarts + 1) and time.monotonic() < end:
            select_nothing()
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        pid = start()
    for client in clients:
        client.join()
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    manager.close()
    result(f"{requests} requests during {restarts} restarts: none fails", (bad[:3], done[0]), ([], requests))
    result("the keepers end after restarts", wait_for(no_keeper), True)


def test_missing():
    got = run(REMAP, "run", "-r", "80=systemd", "--", "true")
    result("no socket: the status", got.returncode, 69)
    result("no socket: a line", "since none was passed" in got.stdout, True)
    with Activated(["-l", "81"], ["true"], port=81) as a:
        socket.create_connection(("127.0.0.1", 81)).close()
        a.process.wait(10)
        result("another socket: a line", "fits none of the 1 passed sockets" in a.output(), True)
        result("another socket: the status", a.process.returncode, 69)


if ACTIVATE is None:
    skip("all of it", "no systemd-socket-activate")
    sys.exit()
with socket.socket() as plain:
    pass
refused = run(*DROP, PYTHON, "-c", "import socket; socket.socket().bind(('', 80))")
if os.readlink("/proc/self") != str(os.getpid()) or os.getpid() > 10:
    print("not ok - a pid namespace of its own")
    sys.exit(1)
result("port 80 is refused to the server itself", "Permission denied" in refused.stdout, True)
for test in (test_families, test_one_family, test_lost_environment, test_own_activation, test_names, test_udp,
             test_static, test_nginx, test_restarts, test_missing):
    test()
