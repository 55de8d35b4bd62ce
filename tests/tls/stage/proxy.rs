//! A proxy, which keeps what passes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use auth_all::Secret;

use crate::visits::Visits;

/// Bytes of one connection through a proxy.
#[derive(Debug, Default)]
pub struct Passed {
    /// The head of the request to the proxy.
    pub head: String,
    /// Bytes from the client after it.
    pub to_server: Vec<u8>,
    /// Bytes from the server.
    pub to_client: Vec<u8>,
}

/// A proxy for `CONNECT` (RFC 9110 §9.3.6).
pub fn proxy() -> Visits<Passed> {
    Visits::to(|mut client| {
        let head = head(&client);
        let target = head.split(' ').nth(1).expect("a target");
        let server = TcpStream::connect(target).expect("a connection");
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .expect("a client");
        let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let back = thread::spawn(move || pass(from_server, to_client));
        let to_server = pass(client, server);
        Passed {
            head,
            to_server,
            to_client: back.join().expect("no thread panicked"),
        }
    })
}

/// A proxy that wants a password which it is not given.
pub fn closed_proxy() -> Visits<Passed> {
    Visits::to(|mut client| {
        let head = head(&client);
        let _ = client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        let mut to_server = Vec::new();
        let _ = client.read_to_end(&mut to_server);
        Passed {
            head,
            to_server,
            ..Passed::default()
        }
    })
}

/// The head of a request; a client says no more before it is answered.
fn head(mut client: &TcpStream) -> String {
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        head.extend_from_slice(&buffer[..length]);
        if head.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8(head).expect("a head in ASCII")
}

/// Passes on what comes until it ends, and keeps a copy.
fn pass(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let (mut passed, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        passed.extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    passed
}

/// The URL of a proxy.
pub fn at<V: Send + 'static>(proxy: &Visits<V>) -> Secret {
    Secret::new(format!("http://{}", proxy.address()))
}
