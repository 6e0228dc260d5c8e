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
import threading
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
    """The state and the parent of a process (proc(5)); None where there is none."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rpartition(")")[2].split()
        return fields[0], int(fields[1])
    except OSError:
        return None


def processes():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def ours():
    """The processes of this test that are there, but this one."""
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
    if os.fork() > 0:
        os._exit(0)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(null, fd)
    wait_until(lambda: os.getppid() != 1 and stat_of(os.getppid()) is not None)
    s = listener(80)
    with open("daemon.told", "w") as f:
        f.write("%d %d %d\n" % (os.getpid(), os.getppid(), s.getsockname()[1]))
    os.rename("daemon.told", "daemon.out")
    wait_until(lambda: os.path.exists("daemon.end"))


def block():
    """Connects to a server that takes nobody, until that blocks."""
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
    """The asked port, the engine and the run of the one endpoint that remap ps lists."""
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
    """Ten that leave, one after the other, in one tree; and the supervisor ends with the last."""
    script = """for i in 0 1 2 3 4 5 6 7 8 9; do
        setsid -f sh -c "while [ ! -e go ]; do sleep 0.01; done; ./births ask; echo \$? > daemon.$i" > /dev/null 2>&1
    done"""
    status = subprocess.run(RUN + ["sh", "-c", script]).returncode
    open("go", "w").close()
    wait_until(lambda: not ours())
    told = [open("daemon.%d" % i).read().strip() for i in range(10)]
    print(told.count("0"), status)


def stopped_supervisor():
    """Its tree waits for it, and loses nothing."""
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
    """Hundreds that are killed wherever they are, beside one that goes on, and the supervisor with it."""
    script = """echo $$; for i in $(seq 300); do
        ./stops storm > /dev/null & storm=$!; ./stops threads > /dev/null & sleep 0.00$((i % 10)); kill -KILL $! $storm 2>/dev/null
    done; wait; ./stops threads; read line"""
    p, pid = start("bash", "-c", script, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = p.stdout.readline().decode().strip()
    print("the others go on: %s, %d threads" % (said, len(os.listdir("/proc/%d/task" % stat_of(int(pid))[1]))))
    p.stdin.close()
    p.wait(BOUND)


class Terminal:
    """An interactive shell on a terminal of its own."""

    def __init__(self):
        self.pid, self.master = os.forkpty()
        self.unread = b""
        if self.pid == 0:
            os.environ.update(PS1="prompt$ ", TERM="dumb")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.until("prompt\\$ ")

    def type(self, keys):
        os.write(self.master, keys.encode())

    def until(self, pattern):
        end = time.monotonic() + BOUND
        while not re.search(pattern.encode(), self.unread):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(pattern, self.unread)
            self.unread += os.read(self.master, 4096)
        found = re.search(pattern.encode(), self.unread)
        self.unread = self.unread[found.end():]
        return found.group(0).decode()

    def status(self):
        self.type("echo status=$?\n")
        status = self.until("status=[0-9]+").split("=")[1]
        self.until("prompt\\$ ")
        return status


def job_control():
    run = " ".join(RUN)
    t = Terminal()
    t.type(run + " sh -c 'echo read''y; read x; echo got-$x; exit 4'\n")
    t.until("ready\r")
    t.type("\x1a")
    t.until("Stopped.*\r\nprompt\\$ ")
    t.type("fg\n")
    t.until("exit 4'\r")
    t.type("word\n")
    t.until("got-word[^$]*prompt\\$ ")
    first = t.status()

    t.type(run + " cat &\n")
    t.until("prompt\\$ ")
    t.type("until jobs | grep -q Stopped; do sleep 0.01; done; echo it-'waits'\n")
    t.until("it-waits[^$]*prompt\\$ ")
    t.type("fg\n")
    t.until(" cat\r")
    t.type("twice\n")
    t.until("twice\r\n(.*\r\n)*twice\r")
    t.type("\x03")
    t.until("prompt\\$ ")
    second = t.status()

    t.type(run + " sh -c 'echo read''y; exec sleep 60'\n")
    t.until("ready\r")
    t.type("\x1c")
    t.until("prompt\\$ ")
    third = t.status()

    t.type(run + " bash --norc --noprofile -i\n")
    t.until("prompt\\$ ")
    t.type("sh -c 'echo read''y; exec sleep 60'\n")
    t.until("ready\r")
    t.type("\x1a")
    t.until("Stopped.*sleep 60'\r\nprompt\\$ ")
    t.type("kill %1; wait; exit\n")
    t.until("exit\r\n(.*\r\n)*prompt\\$ ")
    os.kill(t.pid, signal.SIGKILL)
    os.waitpid(t.pid, 0)
    print("stopped, goes on, %s; waits for the terminal, goes on, %s; %s; bash in it" % (first, second, third))


def status():
    seen = []
    for script in ("exit 7", "kill -TERM $$", "kill -KILL $$", "exit 0"):
        seen.append(subprocess.run(RUN + ["sh", "-c", script]).returncode)
    print(*seen)


def signals():
    """What is sent to the one that waits, the command gets; and those that end it, end both."""
    script = 'trap "echo usr1" USR1; trap "echo term; exit 5" TERM; echo ready; while :; do sleep 0.01; done'
    p, _ = start("sh", "-c", script)
    p.send_signal(signal.SIGUSR1)
    seen = [p.stdout.readline().decode().strip()]
    p.send_signal(signal.SIGTERM)
    seen.append(p.stdout.readline().decode().strip())
    print(*seen, p.wait(BOUND))


def stop():
    p, pid = start(*me("sleep"))
    os.kill(int(pid), signal.SIGSTOP)
    wait_until(lambda: stat_of(p.pid)[0] == "T")
    p.send_signal(signal.SIGCONT)
    wait_until(lambda: stat_of(p.pid)[0] == "S" and stat_of(int(pid))[0] == "S")
    p.terminate()
    print("both stop and go on", p.wait(BOUND))


def killed_front():
    p, pid = start(*me("serve"))
    p.kill()
    p.wait()
    wait_until(lambda: stat_of(int(pid.split()[0])) is None)
    wait_until(lambda: not ours())
    print("the command is killed with it")


def killed_supervisor():
    p, line = start(*me("serve"), stderr=subprocess.PIPE)
    pid = int(line.split()[0])
    os.kill(stat_of(pid)[1], signal.SIGKILL)
    said = p.stderr.readline().decode()
    wait_until(lambda: stat_of(pid)[1] == p.pid)
    os.kill(pid, signal.SIGTERM)
    print(p.wait(BOUND), said.startswith("remap: the supervisor of this run was killed"))


def killed_target():
    """Many, in the middle of calls."""
    for _ in range(50):
        p = subprocess.Popen(RUN + ["./stops", "storm"], stdout=subprocess.DEVNULL)
        wait_until(lambda: len(ours()) > 2)  # the command is there, too
        p.kill()
        p.wait()
    wait_until(lambda: not ours())
    print("none is left")


def pipes():
    """Who reads what a daemon's parent wrote sees its end, though the daemon lives."""
    read = subprocess.run(RUN + list(me("daemon")), stdout=subprocess.PIPE, timeout=BOUND)
    wait_until(lambda: os.path.exists("daemon.out"))
    with open("daemon.out") as f:
        pid, parent, port = map(int, f.read().split())
    with open("/proc/%d/cmdline" % parent, "rb") as f:
        is_supervisor = f.read().startswith(b"./remap\0run\0")
    reached = socket.create_connection(("127.0.0.1", 8080)).getpeername()[1]
    open("daemon.end", "w").close()
    wait_until(lambda: stat_of(pid) is None and stat_of(parent) is None)
    print(read.returncode, port, "a child of the supervisor" if is_supervisor else parent, reached)


def descriptors():
    """The command has its own standard ones, and nothing of ours; the supervisor nothing of its."""
    held, holds = os.pipe()
    p, pid = start(*me("sleep"), pass_fds=[holds])
    os.close(holds)
    command = sorted(map(int, os.listdir("/proc/%s/fd" % pid)))
    supervisor = stat_of(int(pid))[1]
    left = [os.readlink("/proc/%d/fd/%s" % (supervisor, fd)) for fd in os.listdir("/proc/%d/fd" % supervisor)]
    kinds = sorted({link.split(":")[0].split("[")[0] for link in left})
    os.kill(int(pid), signal.SIGKILL)
    p.wait(BOUND)
    print(command == [0, 1, 2, holds], *kinds, os.read(held, 1) == b"")


def many():
    """Two hundred at once."""
    runs = [subprocess.Popen(RUN + ["./stops", "threads"], stdout=subprocess.PIPE) for _ in range(200)]
    said = {p.communicate(timeout=60)[0] for p in runs}
    wait_until(lambda: not ours())
    print(said, {p.returncode for p in runs})


def many_in_one_tree():
    script = "for i in $(seq 200); do ./stops threads & done; wait"
    print(subprocess.run(RUN + ["sh", "-c", script], stdout=subprocess.PIPE, timeout=60).stdout.count(b"0 failed"))


def thousand():
    """None of a thousand runs leaves a process, a descriptor or an entry of the registry."""
    before = os.listdir("/proc/self/fd")
    failed = sum(subprocess.run(RUN + ["true"]).returncode for _ in range(1000))
    wait_until(lambda: not ours())
    listed = subprocess.run(["./remap", "ps"], stdout=subprocess.PIPE).stdout.decode().splitlines()
    print(failed, os.listdir("/proc/self/fd") == before, len(listed))


def waits_to_connect(pid):
    """Whether a process is in connect(2), and stays there: number 42 of x86-64, 203 of arm64."""
    def is_in_it():
        with open("/proc/%d/syscall" % pid) as f:
            return f.read().split()[0] in ("42", "203")
    return all(is_in_it() for _ in range(100))


def blocked():
    """A connection that blocks holds up nobody; and ends when it is killed."""
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
    """Servers and clients of one engine and the other."""
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
    """A socket that one binds, and another asks for its name: by exec, and by SCM_RIGHTS."""
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
    """What is this host's address for the supervisor, and another's in the program's namespace."""
    script = """import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 53))
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.connect(("198.51.100.7", 53))
print([line.split()[2] for line in open("/proc/net/udp") if "076433C6" in line])
"""
    inside = "ip link set lo up; ip route add default dev lo; exec %s -c '%s'" % (sys.executable, script)
    os.execvp("unshare", ["unshare", "-Urn", "sh", "-c", inside])


def rlimit():
    """The supervisor does with few descriptors, and the command keeps its limit."""
    script = "ulimit -n; ./stops threads"
    print(*subprocess.run(["sh", "-c", "ulimit -n 20; exec ./remap run -q --engine notify sh -c '%s'" % script], stdout=subprocess.PIPE).stdout.decode().split("\n"))


def closed():
    """Standard descriptors that are closed are closed for the command, and nobody else's."""
    script = "import os, socket; s = socket.socket(); s.bind((\"127.0.0.1\", 80)); print(s.getsockname()[1], s.fileno(), file=open(\"closed.told\", \"w\"))"
    seen = []
    for redirection in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        run = "%s %s -c '%s' %s" % (" ".join(RUN), sys.executable, script, redirection)
        status = subprocess.run(["sh", "-c", run]).returncode
        with open("closed.told") as f:
            seen.append("%d: %s" % (status, f.read().strip()))
        os.remove("closed.told")
    print(*seen, sep=", ")


def sigchld():
    """SIGCHLD that is ignored is ignored by the command, too."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    script = "import signal; print(signal.getsignal(signal.SIGCHLD).name)"
    pid = os.fork()
    if pid == 0:
        os.execv(RUN[0], RUN + [sys.executable, "-c", script])
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def systemd():
    """What says by pid whom it is for is for the command."""
    pid = os.fork()
    if pid == 0:
        os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
        os.execv(RUN[0], RUN + ["sh", "-c", 'echo $((LISTEN_PID - $$)) $((WATCHDOG_PID - $$))'])
    os.waitpid(pid, 0)


def alarm():
    """What a timer that was set before sends, the command gets."""
    signal.alarm(1)
    os.execv("./remap", RUN + ["sleep", str(BOUND)])


def terminal():
    """Of Ctrl-C, each of the foreground gets one."""
    pid, master = os.forkpty()
    if pid == 0:
        os.execv("./remap", RUN + ["sh", "-c", 'trap "echo int" INT; echo ready; while :; do sleep 0.01; done'])
    out = b""
    while b"ready" not in out:
        out += os.read(master, 100)
    os.write(master, b"\x03")
    while b"int" not in out:
        out += os.read(master, 100)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        while True:
            part = os.read(master, 100)
            if not part:
                break
            out += part
    except OSError:
        pass
    print(out.count(b"int"))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
