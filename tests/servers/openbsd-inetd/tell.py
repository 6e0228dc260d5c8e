import socket

print('port', socket.socket(fileno=0).getsockname()[1])
