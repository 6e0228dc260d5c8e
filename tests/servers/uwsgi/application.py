def application(environment, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [('port %s\n' % environment['SERVER_PORT']).encode()]
