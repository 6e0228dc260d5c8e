import functools
import http.server
import socket
import ssl


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


server = Server(('::', 443), functools.partial(http.server.SimpleHTTPRequestHandler, directory='www'))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('certificate.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print('Serving HTTP on :: port', server.socket.getsockname()[1], '(TLS)')
server.serve_forever()
