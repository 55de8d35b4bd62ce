//! A token endpoint and an API in a process of their own.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::Outcome;

/// The argument that makes this program a server.
pub(crate) const ARGUMENT: &str = "serve";

/// The process of the server, which ends with this value.
pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    pub(crate) fn start() -> Outcome<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let printed = process.stdout.take().ok_or("the server has no output")?;
        BufReader::new(printed).read_line(&mut url)?;
        let url = url.trim_end().to_owned();
        Ok(Self { process, url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server ends when its standard input does.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Prints the server's URL and serves until standard input ends.
pub(crate) fn run() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // An error means that the client has gone away.
            thread::spawn(move || answer_all(&stream));
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Answers the requests of one connection. A handshake is not HTTP, and ends it.
fn answer_all(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut head, mut line) = (0, String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            if head.is_empty() {
                head.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length])?;
        let answer = match head.split(' ').next() {
            Some("POST") => TOKENS,
            Some("GET") => ASSETS,
            _ => return Ok(()),
        };
        (&mut &*stream).write_all(answer.as_bytes())?;
        if head.starts_with("POST") {
            return Ok(());
        }
    }
}

const TOKENS: &str = concat!(
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 173\r\nconnection: close\r\n\r\n",
    r#"{"access_token":"0123456789abcdef0123456789abcdef0123456789abcdef","token_type":"bearer","#,
    r#""expires_in":3600,"refresh_token":"fedcba9876543210fedcba9876543210","scope":"user"}"#,
);

const ASSETS: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"assets\":[]}";
