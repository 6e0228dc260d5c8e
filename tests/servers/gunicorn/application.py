def application(environment, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [f"port {environment['SERVER_PORT']}\n".encode()]
