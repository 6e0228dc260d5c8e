use strict;
use warnings;
use HTTP::Daemon;
use HTTP::Daemon::SSL;
use HTTP::Response;

sub serve {
    my ($class, $port, @options) = @_;
    my $listener = $class->new(LocalAddr => '::', LocalPort => $port, Listen => 16, ReuseAddr => 1, @options)
        or die "no listener: $!\n";
    while (1) {
        my $connection = $listener->accept or next;
        next if fork;
        while ($connection->get_request) {
            my $page = sprintf("listener %d, connection %d\n", $listener->sockport, $connection->sockport);
            $connection->send_response(HTTP::Response->new(200, 'OK', ['Content-Type' => 'text/plain'], $page));
        }
        exit;
    }
}

$SIG{CHLD} = 'IGNORE';
if (fork) {
    serve('HTTP::Daemon', 80);
} else {
    serve('HTTP::Daemon::SSL', 443, SSL_cert_file => 'certificate.pem', SSL_key_file => 'key.pem');
}
