//! A token endpoint that costs next to nothing.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves one fixed response, and returns the URL.
pub(crate) fn serve() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/token", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // An error means that the client has gone away.
            let _ = answer(&stream);
        }
    });
    Ok(url)
}

fn answer(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length])?;
    (&mut &*stream).write_all(ANSWER.as_bytes())
}

const ANSWER: &str = concat!(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 173\r\nconnection: close\r\n\r\n",
    r#"{"access_token":"0123456789abcdef0123456789abcdef0123456789abcdef","token_type":"bearer","#,
    r#""expires_in":3600,"refresh_token":"fedcba9876543210fedcba9876543210","scope":"user"}"#,
);
