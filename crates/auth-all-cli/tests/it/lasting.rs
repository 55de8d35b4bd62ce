//! `proxy` and `serve` over time: many connections, long bodies, a graceful end.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use auth_sim::Simulator;

use crate::api::{Api, Raw, tcp};
use crate::proxying::{HELLO, proxy, proxy_to};
use crate::support::{PATIENCE, PROGRAM, Service, orders};

/// A value of the process's status, in KiB or alone.
fn status(service: &Service, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    let digits = line.trim_start_matches(':').trim();
    digits.split(' ').next().unwrap().parse().unwrap()
}

/// The most memory that the process has ever had, in MiB.
fn peak(service: &Service) -> u64 {
    status(service, "VmHWM") / 1024
}

#[test]
fn a_thousand_kept_connections_do_no_harm() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (service, address) = proxy(&home, &api, "");
    let mut clients: Vec<_> = (0..1000).map(|_| tcp(&address)).collect();
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
    for _ in 0..2 {
        for client in &mut clients {
            assert_eq!(client.send(&request).response().status, 200);
        }
    }
    assert!(status(&service, "Threads") >= 1000);
    // Stacks, most of it: 115 without optimization.
    let peak = peak(&service);
    assert!(peak < 200, "{peak} MiB");
}

/// A gibibyte takes a minute without optimization; it is the bench's.
const LONG: u64 = 64 * 1024 * 1024;

#[test]
fn a_long_body_takes_no_memory() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::start(|seen, stream| {
        if !seen.head.starts_with("GET") {
            return write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        }
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {LONG}\r\n\r\n")?;
        std::io::copy(&mut std::io::repeat(b'x').take(LONG), stream).map(drop)
    });
    let (service, address) = proxy(&home, &api, "");
    let mut client = tcp(&address);
    for framing in [
        format!("Content-Length: {LONG}"),
        "Transfer-Encoding: chunked".to_owned(),
    ] {
        client.send(format!(
            "PUT / HTTP/1.1\r\nHost: {address}\r\n{framing}\r\n\r\n"
        ));
        let block = vec![b'x'; 1024 * 1024];
        for _ in 0..LONG / block.len() as u64 {
            match framing.starts_with('C') {
                true => client.send(&block),
                false => client
                    .send(format!("{:x}\r\n", block.len()))
                    .send(&block)
                    .send("\r\n"),
            };
        }
        if framing.starts_with('T') {
            client.send("0\r\n\r\n");
        }
        assert_eq!(client.response().text(), "hi");
        assert_eq!(api.seen().pop().unwrap().length, LONG);
    }
    client.send(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert_eq!(
        client.head().header("content-length"),
        Some(LONG.to_string().as_str())
    );
    let count = std::io::copy(&mut client.0.by_ref().take(LONG), &mut std::io::sink()).unwrap();
    assert_eq!(count, LONG);
    let peak = peak(&service);
    assert!(peak < 30, "{peak} MiB");
}

/// A part of it is not collected first, for a second sending.
#[test]
fn a_long_body_is_passed_on_as_it_comes() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (_service, address) = proxy_to(&home, &url, "");
    let mut client = tcp(&address);
    let length = 2 * 1024 * 1024;
    client.send(format!(
        "PUT / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\nfirst"
    ));
    let (accepted, connection) = mpsc::channel();
    thread::spawn(move || accepted.send(listener.accept().unwrap().0));
    let stream = connection.recv_timeout(PATIENCE).unwrap();
    let mut api = Raw(BufReader::new(stream));
    let head = api.lines();
    assert!(
        head.contains(&format!("content-length: {length}\r\n")),
        "{head}"
    );
    let mut first = [0; 5];
    api.0.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first");
}

#[test]
fn a_response_arrives_while_it_is_made() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (next, wait) = mpsc::channel();
    let wait = Mutex::new(wait);
    let api = Api::start(move |_, stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        )?;
        for _ in 0..2 {
            wait.lock().unwrap().recv().unwrap();
            write!(stream, "3\r\none\r\n")?;
        }
        write!(stream, "0\r\n\r\n")
    });
    let (_service, address) = proxy(&home, &api, "");
    let mut client = tcp(&address);
    client.send(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    assert_eq!(client.head().status, 200);
    for _ in 0..2 {
        next.send(()).unwrap();
        let mut event = [0; 8];
        client.0.read_exact(&mut event).unwrap();
        assert_eq!(&event, b"3\r\none\r\n");
    }
}

#[test]
fn the_longest_idle_connection_makes_room() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let (_service, address) = proxy(&home, &api, " --connections 2");
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let ask = |client: &mut Raw<TcpStream>| client.send(&request).response().status;
    let (mut first, mut second) = (tcp(&address), tcp(&address));
    assert_eq!((ask(&mut first), ask(&mut second)), (200, 200));
    assert_eq!(ask(&mut first), 200);
    let mut third = tcp(&address);
    assert_eq!(ask(&mut third), 200);
    assert!(second.is_closed());
    assert_eq!(ask(&mut first), 200);
}

#[test]
fn a_connection_beyond_the_limit_is_told_so() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (api, reached, next) = Api::waiting(HELLO);
    let (_service, address) = proxy(&home, &api, " --connections 1");
    let mut first = tcp(&address);
    first.send(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    reached.recv().unwrap();
    let got = tcp(&address).response();
    assert_eq!((got.status, got.header("retry-after")), (503, Some("1")));
    next.send(()).unwrap();
    assert_eq!(first.response().status, 200);
}

#[test]
fn a_stop_finishes_the_requests_that_have_begun() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (api, reached, next) = Api::waiting(HELLO);
    let (mut service, address) = proxy(&home, &api, "");
    let mut idle = tcp(&address);
    let mut busy = tcp(&address);
    busy.send(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    reached.recv().unwrap();
    service.stop();
    assert!(idle.is_closed());
    // It listens no more.
    assert!(TcpStream::connect(&address).is_err());
    next.send(()).unwrap();
    let got = busy.response();
    assert_eq!((got.status, got.header("connection")), (200, Some("close")));
    assert_eq!(got.text(), "hello");
    assert_eq!(service.wait(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let (api, reached, _never) = Api::waiting(HELLO);
    let (mut service, address) = proxy(&home, &api, "");
    let mut idle = tcp(&address);
    let mut busy = tcp(&address);
    busy.send(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    reached.recv().unwrap();
    service.stop();
    assert!(idle.is_closed());
    service.stop();
    assert_eq!(service.wait(), None, "a signal ended it");
}

#[test]
fn systemd_is_told_when_it_is_ready_and_stops() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let socket = home.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    let mut command = home.command(PROGRAM);
    let listen = format!("unix:{}", home.path().join("s").display());
    command.args(["serve", "--listen", &listen]);
    let mut service = Service::of({
        command.env("NOTIFY_SOCKET", &socket);
        command
    });
    let note = || {
        let mut note = [0; 512];
        let length = manager.recv(&mut note).unwrap();
        String::from_utf8_lossy(&note[..length]).into_owned()
    };
    assert_eq!(note(), format!("READY=1\nSTATUS={listen}: orders\n"));
    service.stop();
    assert_eq!(note(), "STOPPING=1\n");
    assert_eq!(service.wait(), Some(0));
}
