#!/usr/bin/python3
"""
Tests of 6000=drop. Prints TAP lines.

drop.py                            all tests
drop.py server SOCKET HOST PORT    binds, and answers each line of its input: what has arrived
drop.py client SOCKET HOST PORT    what a client gets
"""
import json
import os
import select
import socket
import subprocess
import sys

MPTCP = 262
BOUND = 10  # seconds that anything may take
SOCKETS = {
    "tcp4": (socket.AF_INET, socket.SOCK_STREAM, 0),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, 0),
    "mptcp4": (socket.AF_INET, socket.SOCK_STREAM, MPTCP),
    "udp4": (socket.AF_INET, socket.SOCK_DGRAM, 0),
    "udp6": (socket.AF_INET6, socket.SOCK_DGRAM, 0),
}
# No more rights than others have: without them, the kernel refuses some filters.
USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
if os.geteuid() != 0 or subprocess.run([*USER, "true"], stderr=subprocess.DEVNULL).returncode != 0:
    USER = []
OUTSIDE = "192.0.2.1"  # this host, for the other one
GROUP = "224.0.0.251"


def report(name, expected, got):
    if expected == got:
        print(f"ok - {name}", flush=True)
    else:
        print(f"not ok - {name}\n#   expected: {expected!r}\n#   got:      {got!r}", flush=True)


def make(name):
    family, kind, proto = SOCKETS[name]
    s = socket.socket(family, kind, proto)
    s.settimeout(BOUND)
    return s, kind == socket.SOCK_STREAM


# ---- the processes ----


def arrived(s, is_stream):
    if not select.select([s], [], [], 0)[0]:
        return "nothing"
    return repr(s.accept()[1] if is_stream else s.recvfrom(100)[0])


def serve(name, host, port):
    s, is_stream = make(name)
    s.bind((host, int(port)))
    if host == "0.0.0.0" and name == "udp4":
        member = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    if is_stream:
        s.listen(5)
    print("%s %d" % s.getsockname()[:2], flush=True)
    for line in sys.stdin:
        if line.startswith("send"):
            s.sendto(b"out", ("127.0.0.1", int(line.split()[1])))
        print(arrived(s, is_stream), flush=True)


def wait_for_another(family):
    """A connection to a socket of its own: what was sent before over loopback has arrived then."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.socket(family) as beside, socket.socket(family) as own:
        beside.bind((host, 0))
        beside.listen(1)
        own.settimeout(BOUND)
        own.connect(beside.getsockname()[:2])


def ask(name, host, port):
    s, is_stream = make(name)
    s.setblocking(False)
    try:
        if host == GROUP:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            s.sendto(b"in", (host, port))
        else:
            s.connect((host, port))
            if not is_stream:
                s.send(b"in")
    except BlockingIOError:
        pass
    except ConnectionRefusedError:
        return "refused"
    wait_for_another(s.family)
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        return "refused" if error == 111 else os.strerror(error)
    is_answered = select.select([s], [], [], 0)[0] or (is_stream and select.select([], [s], [], 0)[1])
    return "answered" if is_answered else "no answer"


def has_mptcp():
    try:
        make("mptcp4")[0].close()
    except OSError:
        return False
    return True


def run(*command):
    command = [*USER, *command]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30).stdout


def tree(engine, *rules):
    return ["./remap", "run", "-q", "--engine", engine, *(w for r in rules for w in ("-r", r))]


def client(front, *words):
    return run(*front, sys.executable, "drop.py", "client", *map(str, words)).strip()


def ask_from_other(*words):
    """As client(), from the other host. To enter it, this has to be root."""
    command = ["nsenter", "-t", str(OTHER.pid), "-n", sys.executable, "drop.py", "client", *map(str, words)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30).stdout.strip()


class Server:
    """A process of serve()."""

    def __init__(self, command, name, host, port):
        self.process = subprocess.Popen(
            [*USER, *command, sys.executable, "drop.py", "server", name, host, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.name = self.line()

    def line(self):
        if not select.select([self.process.stdout], [], [], BOUND)[0]:
            return "timeout"
        return self.process.stdout.readline().strip()

    def has_got(self, what="look"):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.line()

    def end(self):
        self.process.stdin.close()
        self.process.wait(BOUND)


def listed():
    return [(r["asked"]["port"], r["actual"]["port"], r["state"]) for r in json.loads(run("./remap", "ps", "--json"))]


# ---- the program does not notice ----

# Steps of probe (STEPS.md), on port 6000: natively, and dropped.
TRUTH = (
    "tcp4 bind=0.0.0.0:6000 name listen name",
    "tcp4 bind=127.0.0.1:6000 name",
    "tcp6 bind=[::]:6000 name listen",
    "tcp6 bind=[::1]:6000 name",
    "tcp6 bind=[::ffff:127.0.0.1]:6000 name",
    "udp4 bind=0.0.0.0:6000 name",
    "udp6 bind=[::]:6000 name",
    "mptcp4 bind=0.0.0.0:6000 name listen name",
    "mptcp4 reuseaddr bind=0.0.0.0:6000 listen mptcp4 reuseaddr bind=0.0.0.0:6000 name",
    "udp4 bind=192.0.2.77:6000 name",
    "tcp4 bind=0.0.0.0:6000 bind=0.0.0.0:6000 bind=0.0.0.0:6001",
    "tcp4 bind=0.0.0.0:6000 tcp4 bind=0.0.0.0:6000",
    "tcp4 bind=127.0.0.1:6000 listen tcp4 bind=127.0.0.2:6000 listen name",
    "tcp4 bind=127.0.0.1:6000 listen tcp6 bind=[::1]:6000 listen name",
    "tcp6 bind=[::ffff:127.0.0.1]:6000 listen tcp4 bind=127.0.0.1:6000",
    "tcp4 bind=0.0.0.0:6000 tcp6 bind=[::]:6000 name",
    "tcp6 bind=[::]:6000 tcp4 bind=0.0.0.0:6000 name",
    "tcp4 bind=0.0.0.0:6000 listen tcp6 v6only bind=[::]:6000 listen name",
    "tcp4 reuseport bind=0.0.0.0:6000 listen tcp4 reuseport bind=0.0.0.0:6000 listen name",
    "tcp4 reuseport bind=0.0.0.0:6000 tcp4 bind=0.0.0.0:6000",
    "tcp4 reuseaddr bind=0.0.0.0:6000 tcp4 reuseaddr bind=0.0.0.0:6000 listen name",
    "udp4 reuseaddr bind=0.0.0.0:6000 udp4 reuseaddr bind=0.0.0.0:6000 name",
    "udp4 bind=0.0.0.0:6000 udp4 bind=127.0.0.1:6000",
    "tcp4 bind=0.0.0.0:6000 udp4 bind=0.0.0.0:6000 name",
    "tcp4 bind=0.0.0.0:6000 listen tcp4 bind=0.0.0.0:6003 listen name",
    "tcp4 bind=0.0.0.0:6000 close tcp4 bind=0.0.0.0:6000 name",
    "tcp4 bind=0.0.0.0:6000 dup name",
    "tcp4 bind=0.0.0.0:6000 scm name",
    "tcp4 bind=0.0.0.0:6000 exec name",
    # Another port, after a bind that failed: the socket must be as it was.
    "tcp6 v6only bind=[::]:6000 tcp6 v6only bind=[::]:6000 bind=[::]:6002 tcp4 bind=0.0.0.0:6002 name",
    "tcp4 bind=0.0.0.0:6000 tcp4 reuseaddr bind=0.0.0.0:6000 bind=0.0.0.0:6001 accept",
    "udp4 bind=0.0.0.0:6000 udp4 bind=0.0.0.0:6000 bind=127.0.0.1:6001 @c udp4 send=127.0.0.1:6001 @b recv",
    # Nothing is accepted, and nothing received, within the time that probe waits.
    "tcp4 bind=0.0.0.0:6000 listen take=c",
    "udp4 bind=0.0.0.0:6000 recv",
)


# What TCP permits beyond that: remap.conf(5).
BEYOND = {
    "tcp4 bind=192.0.2.77:6000 name": ["bind ok", "name 192.0.2.77:6000"],
    "tcp4 bind=0.0.0.0:6000 listen tcp4 bind=127.0.0.1:6000 listen name": ["bind ok"] * 2 + ["name 127.0.0.1:6000"],
}


def test_truth():
    cases = {steps: run("./probe-static", *steps.split()).splitlines() for steps in TRUTH}
    for steps, expected in {**cases, **BEYOND}.items():
        for engine, probe in (("preload", "./probe"), ("notify", "./probe-static")):
            dropped = run(*tree(engine, "6000=drop,6003=drop"), probe, *steps.split()).splitlines()
            report(f"{engine}: {steps}", expected, [line for line in dropped if not line.startswith("remap: ")])


# ---- no packet arrives ----


def test_reach(engine, name, host, targets):
    server = Server(tree(engine, "6000=drop"), name, host, 6000)
    what = f"{engine}: {name} {host}"
    report(f"{what} is told its port", f"{host} 6000", server.name)
    found = listed()
    report(f"{what} is listed as dropped", [(6000, "dropped")], [(asked, state) for asked, _, state in found])
    actual = found[0][1] if found else 0
    silence = "no answer" if name.startswith("udp") else "refused"
    for target in targets:
        nobody = "refused" if target != GROUP else "no answer"
        report(f"{what}: no server at {target}", nobody, client([], name, target, 6000))
        report(f"{what}: nor in the tree", nobody, client(tree(engine, "6000=drop"), name, target, 6000))
        report(f"{what}: nor on the actual port", nobody if target == GROUP else silence, client([], name, target, actual))
    if host in ("0.0.0.0", "::"):
        report(f"{what}: nor to another host", silence, ask_from_other(name.replace("6", "4"), OUTSIDE, actual))
    report(f"{what}: nothing arrived", "nothing", server.has_got())
    no_server = "remap: no server is running on port 6000: see 'remap ps'\n"
    report(f"{what}: it is no server to remap port", no_server, run("./remap", "port", "6000"))
    server.end()


def test_beside(engine):
    """Another server has the port, and gets what clients of the tree send."""
    server = Server(tree(engine, "6000=drop"), "tcp4", "0.0.0.0", 6000)
    beside = Server([], "tcp4", "0.0.0.0", 6000)
    report(f"{engine}: the port is free for others", "0.0.0.0 6000", beside.name)
    got = client(tree(engine, "6000=drop"), "tcp4", "127.0.0.1", 6000)
    report(f"{engine}: a client in the tree reaches them", "answered", got)
    report(f"{engine}: and not the dropped one", "nothing", server.has_got())
    server.end()
    beside.end()


def test_send(engine):
    """What a dropped socket sends comes from its actual port, and no answer arrives."""
    server = Server(tree(engine, "6000=drop"), "udp4", "0.0.0.0", 6000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(BOUND)
        peer.bind(("127.0.0.1", 0))
        sent = server.has_got(f"send {peer.getsockname()[1]}")
        data, sender = peer.recvfrom(100)
        report(f"{engine}: a dropped socket sends", (b"out", listed()[0][1], "nothing"), (data, sender[1], sent))
        peer.sendto(b"back", sender)
    wait_for_another(socket.AF_INET)
    report(f"{engine}: but gets no answer", "nothing", server.has_got())
    server.end()


def start_other():
    """Another host, behind a link."""
    other = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE)
    other.stdout.readline()
    for command in (
        "ip link add va type veth peer name vb",
        f"ip link set vb netns {other.pid}",
        f"ip addr add {OUTSIDE}/24 dev va",
        "ip link set va up",
        f"nsenter -t {other.pid} -n ip addr add 192.0.2.2/24 dev vb",
        f"nsenter -t {other.pid} -n ip link set vb up",
        f"nsenter -t {other.pid} -n ip link set lo up",
    ):
        subprocess.run(command.split(), check=True)
    return other


def main():
    test_truth()
    for engine in ("preload", "notify"):
        test_reach(engine, "tcp4", "0.0.0.0", ("127.0.0.1", OUTSIDE))
        test_reach(engine, "tcp4", "127.0.0.1", ("127.0.0.1",))
        test_reach(engine, "tcp6", "::", ("::1",))
        test_reach(engine, "udp4", "0.0.0.0", ("127.0.0.1", OUTSIDE, GROUP))
        test_reach(engine, "udp6", "::", ("::1",))
        if has_mptcp():
            test_reach(engine, "mptcp4", "0.0.0.0", ("127.0.0.1",))
        else:
            print(f"ok - {engine}: mptcp4 0.0.0.0 # SKIP this kernel has no MPTCP")
        test_beside(engine)
        test_send(engine)


if sys.argv[1:2] == ["server"]:
    serve(*sys.argv[2:])
elif sys.argv[1:2] == ["client"]:
    print(ask(*sys.argv[2:4], int(sys.argv[4])))
else:
    OTHER = start_other()
    try:
        main()
    finally:
        OTHER.kill()
