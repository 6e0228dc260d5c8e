use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};

fn answer(listener: &TcpListener, mut client: TcpStream) -> Result<()> {
    for line in BufReader::new(client.try_clone()?).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let ports = (listener.local_addr()?.port(), client.local_addr()?.port());
    write!(client, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nlistener {}, connection {}\n", ports.0, ports.1)
}

fn main() -> Result<()> {
    let listener = TcpListener::bind("[::]:80")?;
    for client in listener.incoming() {
        answer(&listener, client?).ok();
    }
    Ok(())
}
