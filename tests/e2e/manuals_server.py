#!/usr/bin/env python3
"""What the examples of the manuals run: a server that answers its port, or a client.

Its name says which: server [PORT], of TCP; resolver, of UDP port 53; client, which asks that.
"""
import socket
import sys

name, *ports = sys.argv[0].rsplit("/", 1)[-1], *sys.argv[1:]
if name == "client":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(b"?", ("127.0.0.1", 53))
        print(s.recv(100).decode(), end="")
elif name == "resolver":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", 53))
        while True:
            _, sender = s.recvfrom(100)
            s.sendto(b"%s on port %d\n" % (name.encode(), s.getsockname()[1]), sender)
else:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", int((ports or ["80"])[0])))
        s.listen()
        while True:
            with s.accept()[0] as peer:
                peer.recv(65536)
                text = "%s on port %d\n" % (name, s.getsockname()[1])
                peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text.encode()))
