vcl 4.1;
import std;
backend behind { .host = "127.0.0.1"; .port = "3000"; }
sub vcl_deliver { set resp.http.X-Port = std.port(local.ip); }
