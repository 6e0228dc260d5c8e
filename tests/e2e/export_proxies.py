"""The server and the clients of export_proxies.

    export_proxies.py serve             HTTP and WebSocket on 80, text on 25 and 443, text over UDP on 80
    export_proxies.py serve ADDRESS     HTTP and WebSocket alone, on that address
    export_proxies.py ask ADDRESS       asks for each on that address, from that address

A client prints what came back, once if all of its datagrams came from the same port. "WebSocket" is its handshake, and bytes that are returned reversed.
"""
import asyncio
import base64
import hashlib
import socket
import sys

PORTS_OF_TEXT = (25, 443)
TIMEOUT = 5
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455


async def serve_http(reader, writer):
    """Answers with what it was told, in a response of its own for each connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in head[1:] if line]
    told = {name.lower(): value for name, value in fields}
    if len(told) != len(fields):
        told["twice"] = head
    if told.get("upgrade") == "websocket" and told.get("connection", "").lower() == "upgrade":
        accept = base64.b64encode(hashlib.sha1((told["sec-websocket-key"] + GUID).encode()).digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept)
        while data := await reader.read(100):
            writer.write(data[::-1])
    else:
        names = "host", "x-forwarded-for", "x-forwarded-proto", "twice"
        own = writer.get_extra_info("sockname")[0]
        body = " ".join([str(told.get(name)) for name in names] + ["by", own]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
    writer.close()


async def serve_text(reader, writer):
    port = writer.get_extra_info("sockname")[1]
    writer.write(b"%d: %s" % (port, (await reader.read(100))[::-1]))
    writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(b"%s from %d" % (data[::-1], addr[1]), addr)


async def serve(address):
    loop = asyncio.get_running_loop()
    http = await asyncio.start_server(serve_http, address or "0.0.0.0", 80)
    if address is None:
        await loop.create_datagram_endpoint(Datagrams, ("0.0.0.0", 80))
        for port in PORTS_OF_TEXT:
            await asyncio.start_server(serve_text, "0.0.0.0", port)
    await http.serve_forever()


def connect(address, port, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    client = socket.socket(family, kind)
    client.settimeout(TIMEOUT)
    client.bind((address, 0))
    client.connect((address, port))
    return client


def read_all(client):
    data = b""
    while part := client.recv(4096):
        data += part
    return data.decode("latin-1")


def ask_http(address):
    client = connect(address, 80)
    client.sendall(b"GET / HTTP/1.1\r\nHost: web.test:80\r\nX-Forwarded-For: 192.0.2.66\r\n"
                   b"X-Forwarded-Proto: gopher\r\nConnection: close\r\n\r\n")
    head, body = read_all(client).split("\r\n\r\n", 1)
    return head.split("\r\n")[0].split(" ", 1)[1], body


def ask_websocket(address):
    client = connect(address, 80)
    client.sendall(b"GET / HTTP/1.1\r\nHost: web.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1)
    answers = []
    for data in (b"abc", b"\xff\0\r\n"):
        client.sendall(data)
        answers.append(client.recv(100)[::-1] == data)
    return head.decode().split(" ")[1], answers


def ask_text(address, port):
    client = connect(address, port)
    client.sendall(b"hello")
    return read_all(client)


def ask_datagram(address):
    client = connect(address, 80, socket.SOCK_DGRAM)
    for _ in range(100):
        client.send(b"hello")
    answers = {client.recv(100).decode() for _ in range(100)}
    return ", ".join(answer.split()[0] for answer in answers)


def ask(address):
    for name, question in (
        ("http", lambda: ask_http(address)),
        ("websocket", lambda: ask_websocket(address)),
        ("tcp", lambda: ask_text(address, 25)),
        ("tls", lambda: ask_text(address, 443)),
        ("udp", lambda: ask_datagram(address)),
    ):
        try:
            print(name, question())
        except OSError as error:
            print(name, type(error).__name__)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(sys.argv[2] if len(sys.argv) > 2 else None))
    else:
        ask(sys.argv[2])
