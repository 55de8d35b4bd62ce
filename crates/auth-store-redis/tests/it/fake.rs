//! A server that speaks Redis' protocol, with the responses of a test.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A server with a response for each command, which hangs up where it has none.
pub(crate) struct Fake {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Fake {
    /// `respond` gets the number of the connection, from 1, and the words of the command, the first in
    /// capital letters.
    pub(crate) fn start(
        respond: impl Fn(usize, &[String]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (visits, respond) = (Arc::new(AtomicUsize::new(0)), Arc::new(respond));
        let count = Arc::clone(&visits);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let respond = Arc::clone(&respond);
                thread::spawn(move || serve(stream, |words| respond(number, words)));
            }
        });
        Self { port, visits }
    }

    /// A Redis that the store accepts, except for the responses of `odd`.
    pub(crate) fn but_for(
        odd: impl Fn(&str, &[String]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |_, words| odd(&words[0], words).or_else(|| usual(&words[0])))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How often a client has connected.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// The responses of a safe and empty server.
pub(crate) fn usual(command: &str) -> Option<String> {
    Some(match command {
        "INFO" => info("redis_mode:standalone\r\nrole:master\r\naof_enabled:1\r\n"),
        "CONFIG" => "*2\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n".to_owned(),
        "EVALSHA" | "PERSIST" => ":0\r\n".to_owned(),
        "GET" => "$-1\r\n".to_owned(),
        _ => "+OK\r\n".to_owned(),
    })
}

/// A long text, as the response to `INFO`.
pub(crate) fn info(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn serve(stream: TcpStream, respond: impl Fn(&[String]) -> Option<String>) {
    let mut writer = stream.try_clone().expect("a socket");
    let mut reader = BufReader::new(stream);
    while let Some(words) = command(&mut reader) {
        let Some(text) = respond(&words) else { return };
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn command(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let count = number(reader, '*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; number(reader, '$')? + 2];
        reader.read_exact(&mut word).ok()?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    words.first_mut()?.make_ascii_uppercase();
    Some(words)
}

fn number(reader: &mut impl BufRead, kind: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(kind)?.parse().ok()
}
