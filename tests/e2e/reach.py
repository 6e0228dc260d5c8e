"""
A server of the tree is closed, and a client that was just connected to it connects again, in each
way that there is. It must reach the real server, at once: reach.py, in the tree, prints TAP lines.

reach.py real: outside of the tree, answers "real" to datagrams on port 53.
"""

import ctypes
import errno
import os
import select
import signal
import socket
import struct
import sys

HERE = ("127.0.0.1", 80)
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
TCP_FASTOPEN_CONNECT = 30
libc = ctypes.CDLL(None, use_errno=True)


def serve(proto=0):
    server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, proto)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 8)
    server.bind(("::", 80))
    server.listen(8)
    return server


def is_reached(server, client):
    """The client is at the server, and sends it something."""
    accepted, _ = server.accept()
    client.send(b"x")
    accepted.sendall(b"ours")
    accepted.close()
    return client.recv(9) == b"ours"


def opened_and_closed(proto=0, to=HERE):
    """Connects to a server of the tree, which is closed then."""
    family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
    with serve(proto) as server, socket.socket(family, socket.SOCK_STREAM, proto) as client:
        client.connect(to)
        assert is_reached(server, client)


def answer(client, request=REQUEST):
    client.setblocking(True)
    client.settimeout(5)
    client.sendall(request)
    return (client.makefile().read().split() or ["nothing"])[-1]


def failure(error):
    return errno.errorcode.get(error, str(error))


def blocking(proto=0, to=HERE, prepare=lambda client: None):
    opened_and_closed(proto, to)
    family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, proto) as client:
        prepare(client)
        client.connect(to)
        return answer(client)


def nonblocking(proto=0, events=None):
    opened_and_closed(proto)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, proto) as client, select.epoll() as epoll:
        client.setblocking(False)
        if events is not None:
            epoll.register(client, select.EPOLLOUT | events)
        error = client.connect_ex(HERE)
        if error not in (0, errno.EINPROGRESS):
            return failure(error)
        if events is None:
            epoll.register(client, select.EPOLLOUT)
        epoll.poll(5)
        error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return failure(error) if error else answer(client)


def called_again():
    """A program may call connect() again until the connection is complete."""
    opened_and_closed()
    with socket.socket() as client, select.epoll() as epoll:
        client.setblocking(False)
        epoll.register(client, select.EPOLLOUT)
        while (error := client.connect_ex(HERE)) in (errno.EINPROGRESS, errno.EALREADY):
            epoll.poll(5)
        return answer(client) if error in (0, errno.EISCONN) else failure(error)


def bound(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind(("127.0.0.1", 5000))


def with_time_limit(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 5, 0))


def interrupted():
    """Calls that a signal interrupts, some of them while they wait."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    try:
        got = {blocking() for _ in range(200)}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return " ".join(sorted(got))


def fast_open(send):
    opened_and_closed()
    with socket.socket() as client:
        send(client)
        return answer(client, b"")


def deferred():
    """connect() leaves the connection to the first write, once the server has given a cookie."""
    with serve() as server:
        for _ in range(2):
            with socket.socket() as client:
                client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
                client.connect(HERE)
                client.send(b"x")
                assert is_reached(server, client)
    with socket.socket() as client:
        client.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        client.connect(HERE)
        return answer(client)


def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", 53))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", 53))
            client.send(b"x")
            assert server.recv(9) == b"x"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", 53))
        client.settimeout(5)
        client.send(b"x")
        return client.recv(9).decode()


def connect_by_libc(client):
    name = struct.pack("=H", socket.AF_INET) + struct.pack("!HI8x", 80, 0x7F000001)
    ctypes.set_errno(77)
    result = libc.connect(client.fileno(), name, len(name))
    return result, ctypes.get_errno()


def errno_kept():
    opened_and_closed()
    with socket.socket() as client:
        _, error = connect_by_libc(client)
        return answer(client) if error == 77 else failure(error)


def sandboxed():
    """A seccomp filter that allows everything: the library makes no calls of its own any more."""
    with serve() as server:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7FFF0000))
            program = struct.pack("@HP", 1, ctypes.addressof(allow))
            libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
            assert libc.prctl(22, 2, ctypes.create_string_buffer(program), 0, 0) == 0
            with socket.socket() as client:
                client.setblocking(False)
                os.write(writer, failure(connect_by_libc(client)[1]).encode())
                os._exit(0)
        os.waitpid(child, 0)
        said = os.read(reader, 99).decode()
        server.accept()
        return "real" if said == "EINPROGRESS" else said


WAYS = {
    "and waits": blocking,
    "over IPv6": lambda: blocking(to=("::1", 80)),
    "over IPv4 by an IPv6 socket": lambda: blocking(to=("::ffff:127.0.0.1", 80)),
    "bound to a port": lambda: blocking(prepare=bound),
    "with a limit of time": lambda: blocking(prepare=with_time_limit),
    "by MPTCP": lambda: blocking(socket.IPPROTO_MPTCP),
    "interrupted by signals": interrupted,
    "with errno kept": errno_kept,
    "and does not wait": nonblocking,
    "not waiting, by MPTCP": lambda: nonblocking(socket.IPPROTO_MPTCP),
    "watched by epoll before": lambda: nonblocking(events=0),
    "watched for edges before": lambda: nonblocking(events=select.EPOLLET),
    "not waiting, many times": lambda: " ".join({nonblocking() for _ in range(100)}),
    "not waiting, and called again": called_again,
    "by TCP Fast Open": lambda: fast_open(lambda c: c.sendto(REQUEST, socket.MSG_FASTOPEN, HERE)),
    "by a message of TCP Fast Open": lambda: fast_open(
        lambda c: c.sendmsg([REQUEST], [], socket.MSG_FASTOPEN, HERE)
    ),
    "at the first write": deferred,
    "by UDP": datagram,
}


def answer_datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", 53))
        while True:
            _, client = server.recvfrom(9)
            server.sendto(b"real", client)


def check(name, way):
    try:
        got = way()
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.ENOPROTOOPT):
            print(f"ok - {name} # SKIP the kernel has none")
            return
        got = failure(error.errno)
    print(f"ok - {name}" if got == "real" else f"not ok - {name}\n#   got: {got}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["real"]:
        answer_datagrams()
    engine = sys.argv[1]
    if engine == "notify":
        del WAYS["interrupted by signals"]  # the kernel interrupts every call that is stopped
    for name, way in WAYS.items():
        check(f"{engine}: a server was closed, and a client connects {name}", way)
    if engine == "preload":
        check("preload: a program with a filter is told that a connection is in progress", sandboxed)
