use strict;
use warnings;
use HTTP::Daemon;
use HTTP::Response;
use Socket qw(IPPROTO_IPV6 IPV6_V6ONLY);

my $daemon = HTTP::Daemon->new(LocalAddr => '::', LocalPort => 80, ReuseAddr => 1, V6Only => 0)
    or die "cannot listen: $!\n";
while (my $connection = $daemon->accept) {
    $connection->get_request;
    $connection->send_response(HTTP::Response->new(200, 'OK', [], 'port ' . $connection->sockport . "\n"));
    $connection->close;
}
