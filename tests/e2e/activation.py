"""Tests of 80=systemd. Prints TAP lines. usage: activation.py FOLDER"""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

DIR = sys.argv[1]
REMAP = DIR + "/remap"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
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


def get(host="127.0.0.1", header=None):
    try:
        connection = http.client.HTTPConnection(host, 80, timeout=10)
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.getheader(header, "") if header else response.read().decode().strip()
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

    def __init__(self, options, command, table="80=systemd", run_options=(), port=80, before=None, user=DROP):
        wait_for(no_keeper)  # it has the port
        wait_for(lambda: not is_listening(port, "-d" in options))  # nor does a child of the last server have it
        self.log = open(DIR + "/log", "w+")
        if before is None:
            before = [REMAP, "run", *run_options, "-r", table, "--"]
        self.process = subprocess.Popen(
            [ACTIVATE, "-E", f"REMAP_STATE={DIR}/state", *options, *user, *before, *command],
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
           s.get_inheritable() == inherits, s.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) == family]
while True:
    c, peer = s.accept()
    c.recv(1000)
    text = repr((own[:2], peer[0], c.getpeername()[0], c.getsockname()[:2], options)).encode()
    c.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(text) + text)
    c.close()
"""


def server(family, address, *more):
    return [PYTHON, "-c", SERVER, family, address, *more]


OPTIONS = "[1, 40000, 1, False, True, True, True]"


def test_families():
    v4 = f"(('0.0.0.0', 80), '127.0.0.1', '127.0.0.1', ('127.0.0.1', 80), {OPTIONS})"
    v6 = f"(('::', 80), '::1', '::1', ('::1', 80), {OPTIONS})"
    cases = [
        ("IPv4 on a socket of both", "80", "AF_INET", "0.0.0.0", "127.0.0.1", v4, ()),
        ("IPv4 on a socket of both, with a client of IPv6", "80", "AF_INET", "0.0.0.0", "::1", v4, ()),
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


# Answers datagrams with what each call tells of the sender. The calls of libc get the room of a struct sockaddr_in.
DATAGRAMS = """
import ctypes, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
class iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
class msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32), ("iov", ctypes.POINTER(iovec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t), ("flags", ctypes.c_int)]
class mmsghdr(ctypes.Structure):
    _fields_ = [("hdr", msghdr), ("len", ctypes.c_uint)]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_PKTINFO, 1) if hasattr(socket, "IP_PKTINFO") else s.setsockopt(0, 8, 1)
s.bind(("0.0.0.0", 53))
data, name, control = (ctypes.create_string_buffer(size) for size in (100, 16, 100))

def message():
    return msghdr(ctypes.cast(name, ctypes.c_void_p), 16, ctypes.pointer(iovec(ctypes.cast(data, ctypes.c_void_p), 100)), 1,
                  ctypes.cast(control, ctypes.c_void_p), 100, 0)

def told(length):
    family, port, address = struct.unpack("=H2s4s", name.raw[:8])
    return family, length, socket.inet_ntoa(address)

def by_recvfrom():
    length = ctypes.c_uint32(16)
    libc.recvfrom(s.fileno(), data, 100, 0, name, ctypes.byref(length))
    return told(length.value)

def by_recvmsg():
    m = message()
    libc.recvmsg(s.fileno(), ctypes.byref(m), 0)
    return told(m.namelen) + struct.unpack_from("@Nii", control.raw)[1:]

def by_recvmmsg():
    many = (mmsghdr * 20)(*[mmsghdr(message(), 0)] * 20)
    count = libc.recvmmsg(s.fileno(), many, 20, 0x10000, None)
    return told(many[0].hdr.namelen) + (count, many[0].len)

for receive in (by_recvfrom, by_recvmsg, by_recvmmsg):
    got = receive()
    address = socket.inet_ntoa(name.raw[4:8]), int.from_bytes(name.raw[2:4], "big")
    s.sendto(repr(got).encode(), address)
print(by_recvfrom(), int.from_bytes(name.raw[2:4], "big"))
"""


def ask_by_udp(data, address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.sendto(data, address)
        try:
            return s.recv(1000)
        except OSError as error:
            return error


def test_datagrams_of_both():
    command = [PYTHON, "-c", DATAGRAMS]
    with Activated(["-d", "-l", "53"], command, table="53=systemd", port=53) as a:
        for name, expected in (("recvfrom", b"(2, 16, '127.0.0.1')"), ("recvmsg", b"(2, 16, '127.0.0.1', 0, 8)"),
                               ("recvmmsg", b"(2, 16, '127.0.0.1', 1, 4)")):
            result("UDP of IPv4 on a socket of both: " + name, ask_by_udp(b"four", ("127.0.0.1", 53)), expected)
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.sendto(b"six", ("::1", 53))
        a.process.wait(10)
        result("UDP of IPv4 on a socket of both: a client of IPv6 has no address", "(2, 16, '0.0.0.0') 0\n" in a.output(), True)
    with Activated(["-d", "-l", "53"], command, table="53=systemd", port=53, run_options=("--engine", "notify")) as a:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"x", ("127.0.0.1", 53))
        a.process.wait(10)
        result("notify leaves a UDP socket of both alone for IPv4", "fits no socket that the service manager passed" in a.output(), True)


def test_change_of_user():
    if DROP != USER:
        skip("a server that becomes another user", "only root can become one")
        return
    before = [REMAP, "run", "-r", "80=systemd", "--"]
    forget = ["sh", "-c", 'REMAP_SOCKETS=${REMAP_SOCKETS%????}xxxx exec "$@"', "sh"]
    with Activated(["-l", "80"], server("AF_INET", "0.0.0.0"), before=before + DROP, user=[]):
        result("a server that becomes another user", get().split(",")[0], "(('0.0.0.0'")
    with Activated(["-l", "80"], server("AF_INET", "0.0.0.0"), before=before + forget + DROP, user=[]) as a:
        with socket.create_connection(("127.0.0.1", 80)):
            pass
        a.process.wait(10)
        result("but not one that does not know the secret", "Permission denied" in a.output(), True)


def test_preload_alone():
    """Without remap run: the sockets are those that the process itself has got."""
    before = ["env", f"LD_PRELOAD={DIR}/libremap.so", "REMAP=80=systemd", "REMAP_LOG=info"]
    with Activated(["-l", "80"], server("AF_INET", "0.0.0.0"), before=before):
        result("LD_PRELOAD alone: addresses and options", get(),
               f"(('0.0.0.0', 80), '127.0.0.1', '127.0.0.1', ('127.0.0.1', 80), {OPTIONS})")
    with Activated(["-l", "0.0.0.0:81", "-l", "0.0.0.0:80", "--fdname=one:web"], server("AF_INET", "0.0.0.0"),
                   before=[*before[:2], "REMAP=80=systemd:web"]):
        result("LD_PRELOAD alone, by name", get().split(",")[0], "(('0.0.0.0'")
    for name, first in (("a cleaned environment", "import os, ctypes\nctypes.CDLL(None).clearenv()\n"),
                        ("a child", "import os, ctypes\nif os.fork(): os.wait(); os._exit(0)\nctypes.CDLL(None).prctl(1, 15)\n")):
        with Activated(["-l", "80"], [PYTHON, "-c", first + SERVER, "AF_INET", "0.0.0.0"], before=before):
            result("LD_PRELOAD alone, with " + name, get().split(",")[0], "(('0.0.0.0'")
    closed = "import os\nos.closerange(3, 1000)\n" + SERVER
    with Activated(["-l", "80"], [PYTHON, "-c", closed, "AF_INET", "0.0.0.0"], before=before) as a:
        with socket.create_connection(("127.0.0.1", 80)):
            pass
        a.process.wait(10)
        result("LD_PRELOAD alone, after closefrom: a line", "start the server by 'remap run'" in a.output(), True)
        result("LD_PRELOAD alone, after closefrom: EACCES", "Permission denied" in a.output(), True)


# Binds twice, with other flags each time. The two descriptors are of one socket, which has O_NONBLOCK as the last one.
FLAGS = """
import fcntl, os, socket
got = []
for blocks, inherits in ((False, True), (True, False)):
    s = socket.socket()
    s.setblocking(blocks)
    s.set_inheritable(inherits)
    s.bind(("0.0.0.0", 80))
    got.append((os.get_blocking(s.fileno()) == blocks, s.get_inheritable() == inherits))
s.listen()
c, _ = s.accept()
c.recv(1000)
c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + repr(got).encode())
"""


def test_flags():
    for engine in ("preload", "notify"):
        with Activated(["-l", "0.0.0.0:80"], [PYTHON, "-c", FLAGS], run_options=("--engine", engine)):
            result(f"FD_CLOEXEC and O_NONBLOCK, under {engine}", get(), repr([(True, True)] * 2))


# Sets an option of each kind, and prints those that are not so after the bind.
SETTINGS = """
import socket, sys
kind = getattr(socket, sys.argv[1])
settings = [  # level, number and value, as the kernel numbers them
    (1, 5, 1), (1, 25, b"lo"), (1, 35, 1), (1, 37, 24), (1, 40, 1), (1, 47, 100000), (1, 60, 1), (1, 11, 1),
    (0, 1, 16), (0, 6, 1), (0, 10, 2), (0, 20, 1), (0, 21, 3), (0, 32, socket.inet_aton("127.0.0.1")), (0, 33, 9), (0, 34, 0), (0, 49, 0),
    (41, 18, 7), (41, 19, 0), (41, 23, 2), (41, 51, 1), (41, 62, 1), (41, 66, 1),
    (6, 2, 900), (6, 8, 9), (6, 10, 30000), (6, 13, b"reno"), (6, 25, 4000), (6, 27, 1), (17, 104, 1),
]
def values(s, level, name):
    try:
        return s.getsockopt(level, name, 16)
    except OSError:
        return None
s, set_to = socket.socket(socket.AF_INET6, kind), {}
for level, name, value in settings:
    try:
        s.setsockopt(level, name, value)
        set_to[level, name] = values(s, level, name)
    except OSError:  # not of this kind, or not of this kernel
        pass
s.bind(("::", 80))
got = repr([o for o, value in set_to.items() if values(s, *o) != value])
if kind == socket.SOCK_DGRAM:
    data, peer = s.recvfrom(100)
    s.sendto(got.encode(), peer)
else:
    s.listen()
    c, _ = s.accept()
    c.recv(1000)
    c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + got.encode())
"""


def test_options():
    with Activated(["-l", "80"], [PYTHON, "-c", SETTINGS, "SOCK_STREAM"]):
        result("the options of a TCP socket that are not set again", get("::1"), "[]")
    with Activated(["-d", "-l", "80"], [PYTHON, "-c", SETTINGS, "SOCK_DGRAM"]):
        result("the options of a UDP socket that are not set again", ask_by_udp(b"x", ("127.0.0.1", 80)), b"[]")


# A socket that has a port: the errors of its second bind, and whether the connection and the socket are still as they were.
BOUND = """
import errno, socket
def second(s):
    try:
        s.bind(("0.0.0.0", 80))
    except OSError as error:
        return errno.errorcode[error.errno]
s, peer = socket.socket(), socket.create_server(("127.0.0.1", 8081))
s.bind(("0.0.0.0", 80))
s.listen()
client, datagrams = socket.create_connection(("127.0.0.1", 8081)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.sendto(b"x", ("127.0.0.1", 9))
got = [second(s), second(client), second(datagrams), s.getsockname(), client.getpeername()]
c, _ = s.accept()
c.recv(1000)
c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + repr(got).encode())
"""


def test_bound():
    expected = repr(["EINVAL"] * 3 + [("0.0.0.0", 80), ("127.0.0.1", 8081)])
    for engine in ("preload", "notify"):
        with Activated(["-l", "0.0.0.0:80"], [PYTHON, "-c", BOUND], run_options=("--engine", engine)):
            result(f"a socket that has a port is not bound again, under {engine}", get(), expected)


EPOLL = """
import select, socket
s = socket.socket()
s.setblocking(False)
e = select.epoll()
e.register(s, select.EPOLLIN | select.EPOLLET)
s.bind(("0.0.0.0", 80))
s.listen()
ready = [fd for fd, events in e.poll(10) if events == select.EPOLLIN]
c, _ = s.accept()
c.setblocking(True)
c.recv(1000)
e.modify(s, 0)
c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n" + repr(ready == [s.fileno()]).encode())
"""


def test_epoll():
    with Activated(["-l", "80"], [PYTHON, "-c", EPOLL]):
        result("a socket that was waited for by epoll before its bind", get(), "True")


def test_older_kernels():
    for version, engine in (("4.18", "preload"), ("5.10", "notify")):
        before = [DIR + "/forbid", "linux", version, REMAP, "run", "-r", "80=systemd", "--engine", engine, "--"]
        with Activated(["-l", "80"], server("AF_INET", "0.0.0.0"), before=before):
            result(f"as Linux {version}, under {engine}", get().split(",")[0], "(('0.0.0.0'")
        result(f"as Linux {version}, under {engine}: the keeper ends", wait_for(no_keeper), True)


def test_stopped_keeper():
    code = "import sys, time\nsys.stdin.read()\n" + SERVER
    with Activated(["-l", "80"], ["sh", "-c", 'echo ready; sleep 100 & wait; exec "$@"', "sh", *server("AF_INET", "0.0.0.0")]) as a:
        with socket.create_connection(("127.0.0.1", 80)):
            pass
        wait_for(lambda: "ready" in a.output())
        keeper = wait_for(lambda: processes("remap-sockets"))[0]
        os.kill(keeper, signal.SIGSTOP)
        for pid in wait_for(lambda: processes("sleep")):
            os.kill(pid, signal.SIGTERM)
        a.process.wait(20)
        os.kill(keeper, signal.SIGCONT)
        result("a keeper that is stopped: a line", "the process remap-sockets, which holds them, does not answer" in a.output(), True)
        result("a keeper that is stopped: EACCES", "Permission denied" in a.output(), True)


def test_doctor():
    for listen, port, expected in (("80", 80, "remap works here: port 80 gets a passed socket"),
                                   ("81", 81, "remap will not work here: rule '80=systemd' fits none of the 1 passed sockets")):
        with Activated(["-l", listen], ["doctor"], before=["env", "REMAP=80=systemd", REMAP], port=port) as a:
            with socket.create_connection(("127.0.0.1", port)):
                pass
            a.process.wait(10)
            result(f"doctor, with a socket on {port}", expected in a.output(), True)
    got = run(REMAP, "doctor", env={**os.environ, "REMAP": "80=systemd"})
    result("doctor, without a socket", (got.returncode, "since none was passed: start this by a socket unit" in got.stdout), (1, True))


def test_hosts():
    """Two services on one port, of two addresses, by name and by address."""
    code = '"$1" -c "$2" AF_INET 127.0.0.1 & one=$!; "$1" -c "$2" AF_INET 127.0.0.2 & two=$!; trap "kill $one $two" TERM; wait; wait'
    for table in ("127.0.0.1:80=systemd:one,127.0.0.2:80=systemd:two", "80=systemd"):
        with Activated(["-l", "127.0.0.2:80", "-l", "127.0.0.1:80", "--fdname=two:one"], ["sh", "-c", code, "sh", PYTHON, SERVER], table=table):
            for host in ("127.0.0.1", "127.0.0.2"):
                result(f"{table}: {host}", get(host).split("]")[0].split(", {")[0].split("'")[1], host)
    code = ("import select, socket\nall = []\nfor host in ('127.0.0.1', '127.0.0.2'):\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "    s.bind((host, 53))\n    all.append(s)\nwhile True:\n    for s in select.select(all, [], [])[0]:\n        d, a = s.recvfrom(100)\n"
            "        s.sendto(s.getsockname()[0].encode(), a)")
    with Activated(["-d", "-l", "127.0.0.1:53", "-l", "127.0.0.2:53"], [PYTHON, "-c", code], table="53=systemd", port=53):
        for host in ("127.0.0.1", "127.0.0.2"):
            result(f"UDP on two sockets: {host}", ask_by_udp(b"x", (host, 53)), host.encode())


# Forked workers, each with a socket of its own and SO_REUSEPORT.
WORKERS = """
import os, socket, sys
for i in range(3):
    if os.fork() == 0:
        break
else:
    os.wait()
    sys.exit()
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("0.0.0.0", 80))
s.listen()
while True:
    c, _ = s.accept()
    c.recv(1000)
    c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n%d" % os.getpid())
    c.close()
"""


def test_workers():
    with Activated(["-l", "80"], [PYTHON, "-c", WORKERS]) as a:
        found = set()

        def ask():
            found.add(get())
            return len(found) == 3
        result("three workers that bind with SO_REUSEPORT", (bool(wait_for(ask)), all(map(str.isdigit, found))), (True, True))
        for pid in filter(str.isdigit, found):
            os.kill(int(pid), signal.SIGTERM)
    result("the keeper ends after workers", wait_for(no_keeper), True)


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
    with Activated(["-l", "80", "-l", "81", "--fdname=web:admin"],
                   ["sh", "-c", code, "sh", PYTHON, SERVER],
                   table="80=systemd:web,8081=systemd:admin"):
        result("a script with two servers: web", get().split(",")[0], "(('0.0.0.0'")

        def admin():
            try:
                with socket.create_connection(("127.0.0.1", 81), timeout=10) as s:
                    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    return re.findall(r"\('[0-9.]*', \d+\)", s.recv(1000).decode())
            except OSError as error:
                return error
        result("a script with two servers: admin, on its own port", admin(), ["('0.0.0.0', 8081)", "('127.0.0.1', 8081)"])
    result("the keeper ends after two servers", wait_for(no_keeper), True)


def test_udp():
    code = ("import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('0.0.0.0', 53))\n"
            "while True:\n    d, a = s.recvfrom(100)\n    s.sendto(d + a[0].encode(), a)")
    with Activated(["-d", "-l", "0.0.0.0:53"], [PYTHON, "-c", code], table="53=systemd", port=53):
        result("UDP", ask_by_udp(b"x", ("127.0.0.1", 53)), b"x127.0.0.1")
    code = ("import socket\nd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nd.bind(('0.0.0.0', 53))\ns = socket.socket()\n"
            "s.bind(('0.0.0.0', 53))\nd, a = d.recvfrom(100), d\na.sendto(repr(s.getsockname()).encode(), d[1])")
    with Activated(["-d", "-l", "53"], [PYTHON, "-c", code], table="udp/53=systemd,tcp/53=auto", port=53):
        result("a free port for TCP beside it", ask_by_udp(b"x", ("127.0.0.1", 53)), b"('0.0.0.0', 53)")


def test_static():
    if not os.access(DIR + "/static", os.X_OK):
        skip("a static server of Go", "no go")
        return
    with Activated(["-l", "80"], [DIR + "/static", "serve", "80", "tcp"]):
        result("a static server of Go, by notify", get(), "served at 127.0.0.1:80")
    with Activated(["-l", "80"], [DIR + "/static", "serve", "80", "tcp4"]) as a:
        result("a static server of Go for IPv4, on a socket of both", (get(), get(header="Client").split(":")[0]), ("served at 127.0.0.1:80", "127.0.0.1"))
        result("notify: a line about it", "on a passed IPv6 socket, so accept returns IPv6 addresses" in a.output(), True)
    result("the keeper ends after it", wait_for(no_keeper), True)


def test_nginx():
    if NGINX is None:
        skip("nginx", "no nginx")
        return
    folder = DIR + "/nginx"
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    with open(DIR + "/nginx.conf", "w") as file:
        file.write(f"worker_processes 2; pid {folder}/pid; error_log {folder}/error;\n"
                   f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;"
                   f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
                   "server { listen 80; listen [::]:80; location / { return 200 $remote_addr; } } }\n")
    with Activated(["-l", "80"], [NGINX, "-c", DIR + "/nginx.conf"]) as a:
        result("nginx as a daemon, with workers", get(), "127.0.0.1")
        result("nginx: the listener of each family takes clients of both", get("::1"), "127.0.0.1")
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


PASS = """
import os, socket, sys
first = []
for family, address in ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")):
    s = socket.socket(family)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 80))
    s.listen()
    first.append(s.detach())
for i, fd in enumerate(first):
    os.dup2(fd, 3 + i)
    os.set_inheritable(3 + i, True)
os.execvpe(sys.argv[1], sys.argv[1:], {**os.environ, "LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())})
"""


def test_pair():
    """A socket of each family, as of BindIPv6Only=ipv6-only, for a server that binds both."""
    if NGINX is None:
        skip("a socket of each family", "no nginx")
        return
    wait_for(no_keeper)
    command = [REMAP, "run", "-q", "-r", "80=systemd", "--", NGINX, "-c", DIR + "/nginx.conf", "-g", "daemon off;"]
    with subprocess.Popen([PYTHON, "-c", PASS, *DROP, *command]) as process:
        wait_for(is_listening)
        result("a socket of each family", (get(), get("::1")), ("127.0.0.1", "::1"))
        process.terminate()


RESTARTED = """
import os, signal, socket, sys
stopped = False
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('0.0.0.0', 80))
s.listen(4096)
s.settimeout(0.01)
def stop(*_):
    global stopped
    stopped = True
signal.signal(signal.SIGTERM, stop)
with open(sys.argv[1], 'w') as file:
    file.write(str(os.getpid()))
while not stopped:
    try:
        c, _ = s.accept()
    except socket.timeout:
        continue
    c.settimeout(10)
    c.recv(1000)
    c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nyes')
    c.close()
"""


def read_pid(file):
    """The process that a server has written to the file, once that is not the one before."""
    try:
        with open(file) as lines:
            return int(lines.read() or 0)
    except (OSError, ValueError):
        return 0


def restart_under_load(name, command, is_bad, file, end_by):
    """A shell starts the server again and again; systemd-socket-activate has become the shell."""
    requests, restarts, clients = 10000, 10, 4
    loop = 'for i in $(seq "$0"); do "$@"; done'
    bad, done, pids = [], [0] * clients, []

    def ask(number):
        for _ in range(requests // clients):
            got = get()
            if is_bad(got):
                bad.append(got)
            done[number] += 1

    with Activated(["-l", "80"], ["sh", "-c", loop, str(restarts + 1), *command], run_options=("-q",)) as a:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for i in range(1, restarts + 2):
            if not wait_for(lambda: read_pid(file) not in (0, *pids)):
                result(name + ": it starts again", a.output(), "")
                break
            pids.append(read_pid(file))
            end = time.monotonic() + 60
            while sum(done) < min(i * requests // (restarts + 1), requests - 1) and time.monotonic() < end:
                select_nothing()
            if i == restarts + 1:
                break
            os.kill(pids[-1], end_by)
        for thread in threads:
            thread.join()
        if pids:
            os.kill(pids[-1], end_by)
            a.process.wait(10)
    result(f"{name}: {requests} requests during {restarts} restarts", (bad[:3], sum(done), len(set(pids))), ([], requests, restarts + 1))
    result(f"{name}: the keeper ends after restarts", wait_for(no_keeper), True)


def test_restarts():
    file, second = DIR + "/pid", DIR + "/pid2"
    for name in (file, second):
        open(name, "w").close()
        os.chmod(name, 0o666)
    restart_under_load("python", [PYTHON, "-c", RESTARTED, file], lambda got: got != "yes", file, signal.SIGTERM)
    if NGINX is not None:
        restart_under_load("nginx", [NGINX, "-c", DIR + "/nginx.conf", "-g", "daemon off;"], lambda got: got != "127.0.0.1",
                           DIR + "/nginx/pid", signal.SIGQUIT)
    if os.access(DIR + "/static", os.X_OK):  # it ends at once, and so resets what it has accepted
        restart_under_load("static Go", ["sh", "-c", 'echo $$ > "$0"; exec "$@"', second, DIR + "/static", "serve", "80", "tcp4"],
                           lambda got: "refused" in got, second, signal.SIGTERM)


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
for test in (test_families, test_one_family, test_datagrams_of_both, test_change_of_user, test_preload_alone, test_flags, test_options, test_bound, test_epoll,
             test_older_kernels, test_stopped_keeper, test_doctor, test_hosts, test_workers, test_lost_environment, test_own_activation,
             test_names, test_udp, test_static, test_nginx, test_pair, test_restarts, test_missing):
    test()
