#!/usr/bin/env python3
"""A legacy daemon, for the recipes of docs/ci.md: it insists on port 80, and says where it believes to be."""
import http.server
import socketserver


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = "legacyd on port %d\n" % self.connection.getsockname()[1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("", 80), Answer) as server:
    print("legacyd: bound to port", server.socket.getsockname()[1], flush=True)
    server.serve_forever()
