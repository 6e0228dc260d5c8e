#!/usr/bin/python3
"""
Cases of tests/e2e/notify on processes, signals and descriptors: notify_processes.py CASE. Each
runs around `remap run --engine notify`, and prints what it saw.
"""
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from notify import BOUND, RUN, me, ours, start, stat_of, wait_until


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
    """The command gets the signals sent to the foreground process. One that ends it ends both."""
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
    """Many foreground processes are killed while the command makes calls."""
    for _ in range(50):
        p = subprocess.Popen(RUN + ["sh", "-c", "while ./stops storm; do :; done"], stdout=subprocess.DEVNULL)
        wait_until(lambda: len(ours()) > 2)  # the command is there, too
        p.kill()
        p.wait()
    wait_until(lambda: not ours())
    print("none is left")


def pipes():
    """A pipe that the daemon's parent wrote to reports its end while the daemon runs."""
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
    """The command has the inherited descriptors alone. The supervisor has none of them."""
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
    """Two hundred trees at once."""
    runs = [subprocess.Popen(RUN + ["./stops", "threads"], stdout=subprocess.PIPE) for _ in range(200)]
    said = {p.communicate(timeout=60)[0] for p in runs}
    wait_until(lambda: not ours())
    print(said, {p.returncode for p in runs})


def many_in_one_tree():
    script = "for i in $(seq 200); do ./stops threads & done; wait"
    print(subprocess.run(RUN + ["sh", "-c", script], stdout=subprocess.PIPE, timeout=110).stdout.count(b"0 failed"))


def thousand():
    """None of a thousand runs leaves a process, a descriptor or an entry of the registry."""
    before = os.listdir("/proc/self/fd")
    failed = sum(subprocess.run(RUN + ["true"]).returncode for _ in range(1000))
    wait_until(lambda: not ours())
    listed = subprocess.run(["./remap", "ps"], stdout=subprocess.PIPE).stdout.decode().splitlines()
    print(failed, os.listdir("/proc/self/fd") == before, len(listed))


def closed():
    """Closed standard descriptors are closed for the command, too."""
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
    """Variables that name the foreground process by pid name the command."""
    pid = os.fork()
    if pid == 0:
        os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
        os.execv(RUN[0], RUN + ["sh", "-c", 'echo $((LISTEN_PID - $$)) $((WATCHDOG_PID - $$))'])
    os.waitpid(pid, 0)


def alarm():
    """The command gets the signal of a timer that was set before."""
    signal.alarm(1)
    os.execv("./remap", RUN + ["sleep", str(BOUND)])


def terminal():
    """Each process of the foreground gets Ctrl-C once."""
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
