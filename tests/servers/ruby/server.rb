require 'webrick'
require 'webrick/https'

tls = { SSLEnable: true, SSLCertificate: OpenSSL::X509::Certificate.new(File.read('certificate.pem')),
        SSLPrivateKey: OpenSSL::PKey.read(File.read('key.pem')) }
servers = { 80 => {}, 443 => tls }.map do |port, options|
  server = WEBrick::HTTPServer.new(Port: port, **options)
  ports = server.listeners.map { |listener| listener.to_io.local_address.ip_port }
  server.mount_proc('/') do |request, response|
    response.body = "listeners #{ports.join(' ')}, connection #{request.addr[1]}\n"
  end
  Thread.new { server.start }
end
servers.each(&:join)
