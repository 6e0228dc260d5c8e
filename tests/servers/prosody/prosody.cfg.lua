pidfile = "/home/remap/prosody.pid"
data_path = "/home/remap/data"
log = { info = "*console" }
modules_enabled = { "roster", "saslauth", "bosh", "http", "disco" }
modules_disabled = { "s2s", "posix" }
certificates = "/home/remap"
interfaces = { "0.0.0.0", "::" }
http_interfaces = { "0.0.0.0", "::" }
http_ports = { 80 }
https_ports = { }
c2s_ports = { 5222, 222 }
c2s_require_encryption = false
consider_bosh_secure = true
VirtualHost "server.test"
