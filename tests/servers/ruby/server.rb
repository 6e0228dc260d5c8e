require 'webrick'
require 'webrick/https'

def server(**options)
  server = WEBrick::HTTPServer.new(BindAddress: nil, **options)
  server.mount_proc('/') { |request, response| response.body = "port #{request.addr && request.instance_variable_get(:@addr)[1]}\n" }
  server
end

servers = [server(Port: 80),
           server(Port: 443, SSLEnable: true, SSLCertificate: OpenSSL::X509::Certificate.new(File.read('certificate.pem')),
                  SSLPrivateKey: OpenSSL::PKey.read(File.read('key.pem')))]
servers.map { |server| Thread.new { server.start } }.each(&:join)
