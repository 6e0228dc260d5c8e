"""Servers and clients for tests/e2e/redirect. Each takes the port first.

serve PORT TEXT [ADDRESS...]  answers TEXT to each connection and datagram, over IPv4 and IPv6
bulk PORT                     answers each connection with much, and closes at once, so that the end of
                              it is sent by a socket without an owner
pass PORT OWNER WORKER        the same, where the user WORKER accepts what OWNER listens for
late PORT FILE                answers one connection with much, once the file is there
ask PORT ADDRESS...           prints what each address answers over TCP and UDP; "refused" and
                              "silence" stand for no text
read PORT ADDRESS...          prints how many bytes each address sends over TCP
meet PORT ADDRESS PEER TEXT   begins a connection from the port to that port of the address, and gives the
                              text to whoever is there
call PORT ADDRESS OWN         prints what the address answers to a connection from that port of its own
hold PORT ADDRESS FILE        connects, and asks once the file is there

Servers print "ready" when they can be reached.
"""

import os
import select
import selectors
import socket
import sys
import time

FAMILY = {True: socket.AF_INET6, False: socket.AF_INET}
SILENCE = 0.4  # seconds until nothing counts as nothing
NO_ANSWER = socket.timeout, TimeoutError  # the same since Python 3.10
MUCH = 20_000_000


def bound(kind, address, port):
    s = socket.socket(FAMILY[":" in address], kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in address:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, port))
    return s


def say(text):
    print(text, flush=True)


def wait_for(path):
    end = time.monotonic() + 10
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)


def answer_datagram(s, text):
    _, peer = s.recvfrom(100)
    try:
        s.sendto(text, peer)
    except PermissionError:
        pass  # what a firewall on the way out says


def serve(port, text, *addresses):
    selector = selectors.DefaultSelector()
    for address in addresses or ("0.0.0.0", "::"):
        tcp = bound(socket.SOCK_STREAM, address, port)
        tcp.listen(16)
        selector.register(tcp, selectors.EVENT_READ)
        selector.register(bound(socket.SOCK_DGRAM, address, port), selectors.EVENT_READ)
    say("ready")
    while True:
        for key, _ in selector.select():
            if key.fileobj.type == socket.SOCK_DGRAM:
                answer_datagram(key.fileobj, text.encode())
                continue
            connection, _ = key.fileobj.accept()
            with connection:
                if port == 22:
                    connection.recv(1)
                connection.sendall(text.encode())


def listener(port):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return s


def give_much(connection):
    """The end of it is in the socket's buffer still when it is closed."""
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MUCH)
        connection.settimeout(1)
        try:
            connection.sendall(b"x" * MUCH)
        except OSError:
            pass


def bulk(port, *_, s=None):
    s = s or listener(port)
    say("ready")
    while True:
        connection, _ = s.accept()
        give_much(connection)


def pass_on(port, owner, worker):
    os.setresuid(int(owner), int(owner), 0)
    s = listener(port)
    os.setresuid(0, 0, 0)
    os.setresuid(int(worker), int(worker), int(worker))
    bulk(port, s=s)


def late(port, path, _):
    s = listener(port)
    say("ready")
    s.settimeout(10)
    connection, _ = s.accept()
    say("accepted")
    wait_for(path)
    give_much(connection)


def reached(kind, address, port):
    """What the address answers."""
    with socket.socket(FAMILY[":" in address], kind) as s:
        s.settimeout(SILENCE)
        try:
            s.connect((address, port))
            if kind == socket.SOCK_DGRAM:
                s.send(b"?")
            return s.recv(100).decode() or "nothing"
        except ConnectionError:
            return "refused"
        except NO_ANSWER:
            return "silence"


def meet(port, address, peer, text):
    with bound(socket.SOCK_STREAM, "0.0.0.0", port) as s:
        s.setblocking(False)
        s.connect_ex((address, int(peer)))
        say("ready")
        select.select([], [s], [], 10)
        s.sendall(text.encode())
        select.select([s], [], [], 10)


def call(port, address, own):
    with bound(socket.SOCK_STREAM, "0.0.0.0", int(own)) as s:
        s.settimeout(SILENCE)
        try:
            s.connect((address, port))
            say(s.recv(100).decode())
        except OSError as error:
            say("silence" if isinstance(error, NO_ANSWER) else error)


def ask(port, *addresses):
    for address in addresses:
        say(reached(socket.SOCK_STREAM, address, port))
        say(reached(socket.SOCK_DGRAM, address, port))


def read(port, *addresses):
    for address in addresses:
        count = 0
        with socket.socket(FAMILY[":" in address]) as s:
            s.settimeout(1)
            try:
                s.connect((address, port))
                while got := len(s.recv(1 << 16)):
                    count += got
            except OSError:
                pass
        say(count)


def hold(port, address, path):
    with socket.create_connection((address, port), 10) as s:
        say("connected")
        wait_for(path)
        s.send(b"?")
        say(s.recv(100).decode())


COMMANDS = {"serve": serve, "bulk": bulk, "pass": pass_on, "late": late, "ask": ask, "read": read, "hold": hold, "meet": meet,
            "call": call}
COMMANDS[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])
