//! The API, the client and the processes between them.

use std::env;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use auth_all::clock::{Clock as _, Moment, SystemClock};
use tempfile::TempDir;

use crate::{Outcome, bare};

/// A token endpoint, an API, and the configuration of a profile.
pub(crate) struct World {
    url: String,
    folder: TempDir,
}

/// The process of a proxy, which ends with this value.
pub(crate) struct Proxy {
    process: Child,
    address: String,
}

/// A connection to a proxy.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    address: String,
}

pub(crate) fn now() -> Moment {
    SystemClock::new().now()
}

impl World {
    pub(crate) fn start() -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || answer_all(&stream));
            }
        });
        let folder = tempfile::tempdir()?;
        let config = format!(
            "[store]\nkind = \"memory\"\n[profile.orders]\ntoken_endpoint = \"{url}/token\"\n\
             grant = \"client_credentials\"\nclient_id = \"a\"\nclient_secret = {{ danger_plain = \"b\" }}\n"
        );
        fs::write(folder.path().join("config.toml"), config)?;
        Ok(Self { url, folder })
    }
}

impl Proxy {
    pub(crate) fn ours(world: &World) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auth-all"));
        command
            .arg("--config")
            .arg(world.folder.path().join("config.toml"));
        command.args(["proxy", "--listen", "127.0.0.1:0"]);
        Self::of(command.arg(format!("orders={}", world.url)))
    }

    pub(crate) fn bare(world: &World) -> Outcome<Self> {
        let mut command = Command::new(env::current_exe()?);
        Self::of(command.args([bare::ARGUMENT, &world.url]))
    }

    fn of(command: &mut Command) -> Outcome<Self> {
        let mut process = command.stderr(Stdio::piped()).spawn()?;
        let printed = process.stderr.take().ok_or("a proxy has no output")?;
        let mut line = String::new();
        BufReader::new(printed).read_line(&mut line)?;
        let (_, rest) = line.split_once("http://").ok_or_else(|| line.clone())?;
        let (address, _) = rest.split_once('/').ok_or_else(|| line.clone())?;
        let address = address.to_owned();
        Ok(Self { process, address })
    }

    pub(crate) fn client(&self) -> Outcome<Client> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        let (stream, address) = (BufReader::new(stream), self.address.clone());
        Ok(Client { stream, address })
    }

    /// Processor time of the threads that run now.
    pub(crate) fn processor_time(&self) -> Outcome<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// The most memory that it has ever had, in MiB.
    pub(crate) fn peak(&self) -> Outcome<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(number.ok_or("no VmHWM")?.parse::<f64>()? / 1024.0)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Client {
    /// Sends a request, and reads a response that has a length.
    pub(crate) fn exchange(&mut self, method: &str, path: &str, rest: &str) -> Outcome {
        self.begin(method, path, rest)?;
        let length = self.head()?.ok_or("a response without a length")?;
        self.skip(length)
    }

    fn begin(&mut self, method: &str, path: &str, rest: &str) -> io::Result<()> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{rest}",
            self.address
        );
        self.write(request.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The length of the body, if it has one.
    fn head(&mut self) -> Outcome<Option<u64>> {
        let (mut length, mut line) = (None, String::new());
        self.stream.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200 ") {
            return Err(line.into());
        }
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line)?;
            if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = Some(number.trim().parse()?);
            }
        }
        Ok(length)
    }

    fn skip(&mut self, length: u64) -> Outcome {
        let count = io::copy(&mut self.stream.by_ref().take(length), &mut io::sink())?;
        if count == length {
            Ok(())
        } else {
            Err("a body is cut".into())
        }
    }
}

pub(crate) fn put_sized(client: &mut Client, length: u64) -> Outcome {
    client.begin(
        "PUT",
        "/assets",
        &format!("content-length: {length}\r\n\r\n"),
    )?;
    for _ in 0..length / BLOCK.len() as u64 {
        client.write(&BLOCK)?;
    }
    let length = client.head()?.unwrap_or_default();
    client.skip(length)
}

pub(crate) fn put_chunked(client: &mut Client, length: u64) -> Outcome {
    client.begin("PUT", "/assets", "transfer-encoding: chunked\r\n\r\n")?;
    for _ in 0..length / BLOCK.len() as u64 {
        client.write(format!("{:x}\r\n", BLOCK.len()).as_bytes())?;
        client.write(&BLOCK)?;
        client.write(b"\r\n")?;
    }
    client.write(b"0\r\n\r\n")?;
    let length = client.head()?.unwrap_or_default();
    client.skip(length)
}

pub(crate) fn get_sized(client: &mut Client, length: u64) -> Outcome {
    client.exchange("GET", &format!("/sized/{length}"), "\r\n")
}

pub(crate) fn get_chunked(client: &mut Client, length: u64) -> Outcome {
    client.begin("GET", &format!("/chunked/{length}"), "\r\n")?;
    client.head()?;
    let mut total = 0;
    loop {
        let mut line = String::new();
        client.stream.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16)?;
        client.skip(size + 2)?;
        total += size;
        if size == 0 {
            return if total == length {
                Ok(())
            } else {
                Err("a body is cut".into())
            };
        }
    }
}

/// Answers the requests of one connection.
fn answer_all(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut is_chunked) = (0, false);
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            if head.is_empty() {
                head.clone_from(&line);
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            is_chunked |= lower.starts_with("transfer-encoding:");
            line.clear();
        }
        if head.is_empty() {
            return Ok(());
        }
        while is_chunked {
            line.clear();
            reader.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            io::copy(&mut reader.by_ref().take(size + 2), &mut io::sink())?;
            is_chunked = size > 0;
        }
        io::copy(&mut reader.by_ref().take(length), &mut io::sink())?;
        answer(stream, &head)?;
    }
}

fn answer(mut stream: &TcpStream, head: &str) -> io::Result<()> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path == "/token" {
        return write!(
            stream,
            "{OK}content-type: application/json\r\ncontent-length: {}\r\n\r\n{TOKEN}",
            TOKEN.len()
        );
    }
    let long = |kind: &str| path.strip_prefix(kind)?.parse::<u64>().ok();
    if let Some(length) = long("/sized/") {
        write!(stream, "{OK}content-length: {length}\r\n\r\n")?;
        return (0..length / BLOCK.len() as u64).try_for_each(|_| stream.write_all(&BLOCK));
    }
    if let Some(length) = long("/chunked/") {
        write!(stream, "{OK}transfer-encoding: chunked\r\n\r\n")?;
        for _ in 0..length / BLOCK.len() as u64 {
            write!(stream, "{:x}\r\n", BLOCK.len())?;
            stream.write_all(&BLOCK)?;
            stream.write_all(b"\r\n")?;
        }
        return stream.write_all(b"0\r\n\r\n");
    }
    let text = format!(
        "{OK}content-type: application/json\r\ncontent-length: 13\r\n\r\n{{\"assets\":[]}}"
    );
    stream.write_all(text.as_bytes())
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const TOKEN: &str = "{\"access_token\":\"0123456789abcdef0123456789abcdef0123456789abcdef\",\"token_type\":\"bearer\",\"expires_in\":3600}";
static BLOCK: [u8; 256 * 1024] = [b'x'; 256 * 1024];
