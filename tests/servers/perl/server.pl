use strict;
use warnings;
use HTTP::Daemon;
use HTTP::Daemon::SSL;
use HTTP::Response;

my ($class, $port) = @ARGV;
my $daemon = $class->new(LocalAddr => '::', LocalPort => $port, ReuseAddr => 1, V6Only => 0,
                         SSL_cert_file => 'certificate.pem', SSL_key_file => 'key.pem')
    or die "cannot listen: $!\n";
while (1) {
    my $connection = $daemon->accept or next;
    $connection->get_request;
    $connection->send_response(HTTP::Response->new(200, 'OK', [], 'port ' . $connection->sockport . "\n"));
    $connection->close;
}
