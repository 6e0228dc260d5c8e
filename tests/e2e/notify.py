#!/usr/bin/python3
"""
Programs for tests/e2e/notify, one for each case: notify.py CASE. They run as the command of
`remap run --engine notify`, or around it; each prints what it saw.
"""
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

RUN = ["./remap", "run", "-q", "--engine", "notify"]
BOUND = 20  # seconds that anything may take


def wait_until(what):
    end = time.monotonic() + BOUND
    while not what():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)


def stat_of(pid):
    """The state and the parent of a process (proc(5)), or None."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rpartition(")")[2].split()
        return fields[0], int(fields[1])
    except OSError:
        return None


def processes():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def ours():
    """The running processes of this test, except this one."""
    found = set()
    state = ("REMAP_STATE=%s\0" % os.environ["REMAP_STATE"]).encode()
    for pid in processes() - {os.getpid()}:
        try:
            with open("/proc/%d/environ" % pid, "rb") as f:
                if state in f.read():
                    found.add(pid)
        except OSError:
            pass
    return found


def listener(port, host="127.0.0.1", family=socket.AF_INET):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen()
    return s


def start(*command, **options):
    """Starts a command under the engine, and waits for its first line."""
    p = subprocess.Popen(RUN + list(command), stdout=subprocess.PIPE, **options)
    return p, p.stdout.readline().decode().strip()


def me(case):
    return sys.executable, __file__, case


# ---- commands: what runs in the tree ----


def serve():
    s = listener(80)
    print(os.getpid(), s.getsockname()[1], flush=True)
    while True:
        s.accept()[0].close()


def sleep():
    print(os.getpid(), flush=True)
    time.sleep(BOUND)


def daemon():
    """Leaves its parent, its session and its descriptors, and binds only then."""
    told, tells = os.pipe()
    os.set_inheritable(tells, True)
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    parent = os.getpid()
    if os.fork() > 0:
        os._exit(0)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    wait_until(lambda: os.getppid() not in (1, parent) and stat_of(os.getppid()) is not None)
    s = listener(80)
    with open("daemon.told", "w") as f:
        f.write("%d %d %d\n" % (os.getpid(), os.getppid(), s.getsockname()[1]))
    os.rename("daemon.told", "daemon.out")
    wait_until(lambda: os.path.exists("daemon.end"))


def block():
    """Connects to a server that accepts nothing, until that blocks."""
    s = socket.socket()
    s.bind(("127.0.0.1", 80))
    s.listen(0)
    waiting = []
    while True:
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(("127.0.0.1", 80))
        waiting.append(c)
        if not select.select([], [c], [], 0.2)[1]:
            break
    print(os.getpid(), flush=True)
    socket.create_connection(("127.0.0.1", 80))


def ignored():
    """What a shell without job control ignores for its background."""
    print(*(int(signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGQUIT)))
    sys.exit(5)


def bind_and_ask():
    print(listener(80).getsockname()[1])


def asked_in_tree():
    s = listener(80)
    port = subprocess.run(["./remap", "port", "80"], stdout=subprocess.PIPE).stdout.decode().strip()
    print(port, *entry(), flush=True)
    s.close()


# ---- cases ----


def entry():
    """The asked port, the engine and the run of the only endpoint that remap ps lists."""
    listed = subprocess.run(["./remap", "ps"], stdout=subprocess.PIPE).stdout.decode().splitlines()
    fields = listed[1].split()
    return fields[1].rpartition(":")[2], fields[-2], fields[-1]


def named():
    run = ["./remap", "run", "-q", "--engine", "notify", "--name", "web"]
    p = subprocess.Popen(run + list(me("serve")), stdout=subprocess.PIPE)
    p.stdout.readline()
    port = subprocess.run(["./remap", "port", "--name", "web", "80"], stdout=subprocess.PIPE)
    print(port.stdout.decode().strip(), *entry())
    p.terminate()
    p.wait(BOUND)


def daemons():
    """Ten daemons in one tree. The supervisor ends with the last."""
    script = """for i in 0 1 2 3 4 5 6 7 8 9; do
        setsid -f sh -c "while [ ! -e go ]; do sleep 0.01; done; ./births ask; echo \\$? > daemon.$i" > /dev/null 2>&1
    done"""
    status = subprocess.run(RUN + ["sh", "-c", script]).returncode
    open("go", "w").close()
    wait_until(lambda: not ours())
    told = [open("daemon.%d" % i).read().strip() for i in range(10)]
    print(told.count("0"), status)


def stopped_supervisor():
    """Calls wait for it, and none fails."""
    p, pid = start("sh", "-c", "echo $$; read line; exec ./stops threads", stdin=subprocess.PIPE)
    supervisor = stat_of(int(pid))[1]
    os.kill(supervisor, signal.SIGSTOP)
    wait_until(lambda: stat_of(supervisor)[0] == "T")
    p.stdin.write(b"go\n")
    p.stdin.close()
    wait_until(lambda: os.path.exists("/proc/%s/task" % pid) and len(os.listdir("/proc/%s/task" % pid)) == 17)
    os.kill(supervisor, signal.SIGCONT)
    print(p.stdout.readline().decode().strip())
    p.wait(BOUND)


def killed_in_calls():
    """Hundreds of processes are killed in calls. Another one, and the supervisor, go on."""
    script = """echo $$; for i in $(seq 300); do
        ./stops storm > /dev/null & storm=$!; ./stops threads > /dev/null & sleep 0.00$((i % 10)); kill -KILL $! $storm 2>/dev/null
    done; wait; ./stops threads; read line"""
    p, pid = start("bash", "-c", script, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = p.stdout.readline().decode().strip()
    # A thread that was slow ends once it is through with its call.
    wait_until(lambda: len(os.listdir("/proc/%d/task" % stat_of(int(pid))[1])) == 2)
    print("the others go on: %s, 2 threads" % said)
    p.stdin.close()
    p.wait(BOUND)


def waits_to_connect(pid):
    """Whether a process is in connect(2), and stays there: number 42 of x86-64, 203 of arm64, 362 or 102 of i386."""
    def is_in_it():
        with open("/proc/%d/syscall" % pid) as f:
            return f.read().split()[0] in ("42", "203", "362", "102")
    return all(is_in_it() for _ in range(100))


def blocked():
    """A connection that blocks does not block other runs, and ends when it is killed."""
    p, pid = start(*me("block"))
    supervisor = stat_of(int(pid))[1]
    wait_until(lambda: waits_to_connect(int(pid)))
    other = subprocess.run(["./remap", "run", "-q", "--engine", "notify", "./stops", "threads"], stdout=subprocess.PIPE)
    p.kill()
    p.wait()
    wait_until(lambda: stat_of(supervisor) is None)
    print(other.stdout.decode().strip())


def blocked_in_tree():
    p, pid = start("sh", "-c", '%s %s block & read line; ./stops threads; kill $!; wait; echo end' % (sys.executable, __file__), stdin=subprocess.PIPE)
    wait_until(lambda: waits_to_connect(int(pid)))
    p.stdin.write(b"go\n")
    p.stdin.close()
    print(p.stdout.readline().decode().strip(), p.stdout.readline().decode().strip(), p.wait(BOUND))


def engines():
    """Servers and clients under both engines."""
    seen = []
    preload = ["./remap", "run", "-q", "--engine", "preload"]
    client = "import socket; s = socket.create_connection(('127.0.0.1', 80)); print(s.getpeername()[1])"
    for server in (RUN, preload):
        p = subprocess.Popen(server + list(me("serve")), stdout=subprocess.PIPE)
        p.stdout.readline()
        for engine in (RUN, preload):
            asked = subprocess.run(engine + [sys.executable, "-c", client], stdout=subprocess.PIPE)
            seen.append(asked.stdout.decode().strip())
        listed = subprocess.run(["./remap", "ps"], stdout=subprocess.PIPE).stdout.decode()
        seen.append(listed.splitlines()[1].split()[-2])
        p.terminate()
        p.wait()
    print(*seen)


def handed_on():
    """Another process gets a bound socket, by exec or SCM_RIGHTS, and asks for its name."""
    s = listener(80)
    ours_end, theirs_end = socket.socketpair()
    if os.fork() == 0:
        got = socket.recv_fds(theirs_end, 1, 1)[1][0]
        os.dup2(got, 3)
        os.execv(sys.executable, [sys.executable, "-c", "import socket; print(socket.socket(fileno=3).getsockname()[1], flush=True)"])
    socket.send_fds(ours_end, [b"x"], [s.fileno()])
    os.wait()
    print(s.getsockname()[1])


def namespaces():
    """A server and a client in a network namespace of their own, in the middle of the tree."""
    python = sys.executable
    client = 'import socket; print(socket.create_connection(("127.0.0.1", 80)).getpeername()[1])'
    script = "ip link set lo up; %s %s serve > inner & until [ -s inner ]; do sleep 0.01; done; %s -c '%s'; grep -c :1F90 /proc/net/tcp; kill $!"
    inner = subprocess.Popen(RUN + ["unshare", "-Urn", "sh", "-c", script % (python, __file__, python, client)], stdout=subprocess.PIPE)
    outer, line = start(*me("serve"))
    inside, in_truth = inner.stdout.readline().decode().strip(), inner.stdout.readline().decode().strip()
    print(line.split()[1], inside, "on 8080" if int(in_truth) > 0 else "on 80", inner.wait(BOUND))
    outer.terminate()
    outer.wait(BOUND)


def entered():
    """A program that asks for names, and then executes one in another network namespace, as ip netns exec does."""
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 0))
    s.getsockname()
    client = 'import socket; print(socket.create_connection(("127.0.0.1", 80)).getpeername()[1])'
    script = "ip link set lo up; %s %s serve > entered & until [ -s entered ]; do sleep 0.01; done; %s -c '%s'; kill $!"
    os.execvp("unshare", ["unshare", "-Urn", "sh", "-c", script % (sys.executable, __file__, sys.executable, client)])


def other_host():
    """An address that is local for the supervisor, but not in the program's namespace."""
    script = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 53))
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.connect(("198.51.100.7", 53))
print([line.split()[2] for line in open("/proc/net/udp") if "076433C6" in line])
"""
    inside = "ip link set lo up; ip route add default dev lo; exec %s -c '%s'" % (sys.executable, script)
    os.execvp("unshare", ["unshare", "-Urn", "sh", "-c", inside])


def refused(port):
    try:
        listener(port)
        print("bound", flush=True)
    except OSError:
        pass


def twice():
    """A second bind by a child, which has the socket of the first as its parent does."""
    s = listener(80)
    if os.fork() == 0:
        refused(80)
        os._exit(0)
    os.wait()
    s.close()


def taken_there():
    """In a network namespace of its own, where a child has the port."""
    pid = os.fork()
    if pid == 0:
        s = listener(8080)
        with open("/proc/self/comm", "w") as f:
            f.write("inner")
        time.sleep(BOUND)
        s.close()
    wait_until(lambda: "inner" in open("/proc/%d/comm" % pid).read())
    refused(80)
    os.kill(pid, signal.SIGKILL)


def taken():
    """The port is taken in the program's network namespace, and in that of its supervisor."""
    s = listener(8080)
    script = "ip link set lo up; exec %s %s taken_there" % (sys.executable, __file__)
    got = subprocess.run(RUN + ["unshare", "-Urn", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(re.sub(r"[0-9]+\b(?=[])])", "N", got.stdout.decode()).strip())
    s.close()


def rlimit():
    """The supervisor needs few descriptors, and the command keeps its limit."""
    script = "ulimit -n; ./stops threads"
    print(*subprocess.run(["sh", "-c", "ulimit -n 20; exec ./remap run -q --engine notify sh -c '%s'" % script], stdout=subprocess.PIPE).stdout.decode().split("\n"))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
