"""Helpers of the suite runs: runs.py WHAT [ARGUMENT]..."""

import ctypes
import fcntl
import os
import resource
import socket
import subprocess
import sys
import time


def wait_for_end():
    print("ready", flush=True)
    sys.stdin.read()


def hold(count, port):
    """Has many listeners, two on each port, until standard input ends."""
    sockets = []
    for i in range(int(count)):
        s = socket.socket()
        s.bind((f"127.0.{i % 2}.1", int(port) + i // 2))
        s.listen(1)
        sockets.append(s)
    wait_for_end()


def cost(turns, *command):
    """Prints the least CPU time of a command, in microseconds."""
    least = None
    for _ in range(int(turns)):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        least = spent if least is None else min(least, spent)
    print(int(least * 1e6))


def late(port):
    """Binds at once, listens after a second, and prints when it did."""
    s = socket.socket()
    s.bind(("127.0.0.1", int(port)))
    time.sleep(1)
    s.listen(1)
    print(time.time_ns() // 1000000, flush=True)
    time.sleep(2)


def named(name, host, port):
    """A server whose process has this name."""
    with open("/proc/self/comm", "w", encoding="utf-8") as f:
        f.write(name)
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.setsockopt(socket.SOL_IP, 15, 1)  # IP_FREEBIND: also to addresses that this host does not have
    s.bind((host, int(port)))
    s.listen(1)
    wait_for_end()


def lock(folder):
    """Locks a folder as a run does that begins."""
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_SH)
    wait_for_end()


def closed():
    """Cannot be looked into by its own user."""
    pr_set_dumpable = 4
    ctypes.CDLL(None).prctl(pr_set_dumpable, 0)
    wait_for_end()


{f.__name__: f for f in (hold, cost, late, named, lock, closed)}[sys.argv[1]](*sys.argv[2:])
