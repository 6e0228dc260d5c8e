listen '0.0.0.0:80'
listen '[::]:80', ipv6only: true
worker_processes 2
pid 'unicorn.pid'
