//! A token endpoint on a socket, which reports afterwards what it received.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, Stream};

use crate::visits::Visits;

/// Script of one connection.
#[derive(Debug)]
pub enum Turn {
    /// This is said at once, and no TLS is spoken.
    Noise(&'static [u8]),
    /// A request without TLS is answered with this body.
    Plain(String),
    /// A request over TLS is answered with this body.
    Tls(Arc<ServerConfig>, String),
    /// A request over TLS is answered with these bytes, and the connection ends without TLS saying so.
    Cut(Arc<ServerConfig>, String),
    /// A request over TLS is answered with these bytes, and then noise that is no TLS.
    Garbled(Arc<ServerConfig>, String),
}

/// Record of one connection.
#[derive(Debug, Default)]
pub struct Visit {
    heard: Vec<u8>,
    /// The client's certificate; empty if none was accepted.
    pub certificate: Vec<u8>,
    /// Why no request was heard or none answered.
    pub failure: Option<String>,
}

/// An endpoint that takes these turns; later connections are read and get no response.
pub fn endpoint(turns: impl IntoIterator<Item = Turn>) -> Visits<Visit> {
    let mut turns: Vec<Turn> = turns.into_iter().collect();
    turns.reverse();
    Visits::to(move |stream| turns.pop().unwrap_or(Turn::Noise(b"")).take(stream))
}

/// The base URL of an endpoint that speaks TLS.
pub fn https(endpoint: &Visits<Visit>) -> String {
    format!("https://{}", endpoint.address())
}

/// A whole answer of status 200.
pub fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Visit {
    /// Text received inside TLS; without TLS, all text.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard).into()
    }
}

impl Turn {
    fn take(self, mut tcp: TcpStream) -> Visit {
        let mut visit = Visit::default();
        let outcome = match self {
            Self::Noise(noise) => tcp.write_all(noise).and_then(|()| {
                tcp.shutdown(Shutdown::Write)?;
                tcp.read_to_end(&mut visit.heard).map(drop)
            }),
            Self::Plain(body) => hear_and_answer(&mut tcp, &mut visit.heard, &ok(&body)),
            Self::Tls(config, body) => {
                speak_tls(config, &mut tcp, &mut visit, &ok(&body), |tls, tcp| {
                    tls.send_close_notify();
                    tls.write_tls(tcp).map(drop)
                })
            }
            Self::Cut(config, part) => {
                speak_tls(config, &mut tcp, &mut visit, &part, |_, _| Ok(()))
            }
            Self::Garbled(config, part) => {
                speak_tls(config, &mut tcp, &mut visit, &part, |_, tcp| {
                    tcp.write_all(b"SSH-2.0-OpenSSH_9.9\r\n")
                })
            }
        };
        visit.failure = outcome.err().map(|error| error.to_string());
        // Read to the end, or what was not read resets the connection and takes the last words along.
        let _ = tcp.shutdown(Shutdown::Write);
        let _ = io::copy(&mut tcp, &mut io::sink());
        visit
    }
}

fn speak_tls(
    config: Arc<ServerConfig>,
    tcp: &mut TcpStream,
    visit: &mut Visit,
    answer: &str,
    end: impl FnOnce(&mut ServerConnection, &mut TcpStream) -> io::Result<()>,
) -> io::Result<()> {
    let mut tls = ServerConnection::new(config).expect("a configuration that fits");
    let outcome = hear_and_answer(&mut Stream::new(&mut tls, tcp), &mut visit.heard, answer);
    let certificate = tls.peer_certificates().and_then(<[_]>::first);
    visit.certificate = certificate.map_or_else(Vec::new, |it| it.to_vec());
    outcome.and_then(|()| end(&mut tls, tcp))
}

fn hear_and_answer(
    stream: &mut (impl Read + Write),
    heard: &mut Vec<u8>,
    answer: &str,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while !is_whole(heard) {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        heard.extend_from_slice(&buffer[..length]);
    }
    stream.write_all(answer.as_bytes())?;
    stream.flush()
}

/// Returns `true` if this is a request with all of its body.
fn is_whole(heard: &[u8]) -> bool {
    let text = String::from_utf8_lossy(heard).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().expect("a number"))
}
