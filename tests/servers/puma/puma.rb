bind 'tcp://[::]:80'
bind 'ssl://[::]:443?key=key.pem&cert=certificate.pem'
workers 2
threads 1, 2
worker_boot_timeout 30
pidfile 'puma.pid'
