<?php
$tls = stream_context_create(['ssl' => ['local_cert' => 'certificate.pem', 'local_pk' => 'key.pem']]);
$listener = stream_socket_server('tls://[::]:443', $error, $message, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $tls) or exit(1);
while (true) {
    $connection = @stream_socket_accept($listener, -1);
    if ($connection) {
        fread($connection, 4096);
        preg_match('/[0-9]+$/', stream_socket_get_name($connection, false), $port);
        fwrite($connection, "HTTP/1.0 200 OK\r\n\r\nport $port[0]\n");
        fclose($connection);
    }
}
