using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

class Server
{
    static void Main()
    {
        var listener = new TcpListener(IPAddress.IPv6Any, 80);
        listener.Server.DualMode = true;
        listener.Start();
        while (true)
        {
            using (var client = listener.AcceptTcpClient())
            {
                var reader = new StreamReader(client.GetStream());
                while (!string.IsNullOrEmpty(reader.ReadLine())) { }
                var answer = string.Format("listener {0}, connection {1}\n", ((IPEndPoint) listener.LocalEndpoint).Port,
                    ((IPEndPoint) client.Client.LocalEndPoint).Port);
                var bytes = Encoding.ASCII.GetBytes("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + answer);
                client.GetStream().Write(bytes, 0, bytes.Length);
            }
        }
    }
}
