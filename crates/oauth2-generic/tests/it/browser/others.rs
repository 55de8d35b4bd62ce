//! Strangers at the port.

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::thread;

use auth_core::transport::{self, HttpTransport, Transport};
use auth_sim::Simulator;

use super::{LOGGED_IN, Waiting, begin, begin_with, gist, login, rest_of};

/// A login that strangers reach before the user does; it succeeds anyway.
fn with_strangers(visit: impl FnOnce(&Waiting)) {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    visit(&waiting);
    assert_eq!(gist(&waiting.log_in()), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn a_request_without_the_state_ends_nothing() {
    with_strangers(|waiting| {
        let (redirect, state) = (
            waiting.parameter("redirect_uri"),
            waiting.parameter("state"),
        );
        let mut other = state.clone();
        other.replace_range(..1, if state.starts_with('A') { "B" } else { "A" });
        for query in [
            String::new(),
            "code=c".to_owned(),
            "code=c&state=".to_owned(),
            "code=c&state=other".to_owned(),
            format!("code=c&state={other}"),
            format!("code=c&state={state}x"),
            format!("code=c&state={state}&state={state}"),
            "error=access_denied".to_owned(),
            "error=access_denied&state=other".to_owned(),
            "code=c&state=%ff".to_owned(),
        ] {
            let page = waiting.get(&format!("{redirect}?{query}"));
            assert_eq!(gist(&page).0, "400 Bad Request", "{query}");
        }
    });
}

#[test]
fn another_path_method_or_host_is_refused() {
    with_strangers(|waiting| {
        let (host, state) = (waiting.authority(), waiting.parameter("state"));
        let port = host.rsplit(':').next().unwrap();
        let ask = |line: &str, host: &str| {
            let line = line.replace("STATE", &state);
            let answer = waiting.send(&format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            gist(&answer).0.to_owned()
        };
        assert_eq!(ask("GET /", &host), "404 Not Found");
        assert_eq!(
            ask("GET /callback/?code=c&state=STATE", &host),
            "404 Not Found"
        );
        assert_eq!(
            ask("POST /callback?code=c&state=STATE", &host),
            "405 Method Not Allowed"
        );
        assert_eq!(ask("OPTIONS /callback", &host), "405 Method Not Allowed");
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("localhost:{port}"),
            "127.0.0.1".to_owned(),
            "127.0.0.1:1".to_owned(),
        ] {
            let answer = ask("GET /callback?code=c&state=STATE", &host);
            assert_eq!(answer, "421 Misdirected Request", "{host}");
        }
        assert_eq!(
            gist(&waiting.send("GET /callback HTTP/1.1\r\n\r\n")).0,
            "400 Bad Request"
        );
        assert_eq!(
            gist(&waiting.send("\u{16}\u{3}\u{1}\u{2}hello\r\n\r\n")).0,
            "400 Bad Request"
        );
    });
}

#[test]
fn a_head_request_gets_no_body() {
    with_strangers(|waiting| {
        let host = waiting.authority();
        let answer = waiting.send(&format!("HEAD /callback HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nAllow: GET\r\n"));
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    });
}

#[test]
fn a_request_for_the_icon_gets_no_page() {
    with_strangers(|waiting| {
        let answer = waiting.get(&format!("{}/favicon.ico", waiting.origin()));
        assert!(
            answer.starts_with("HTTP/1.1 204 No Content\r\n"),
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\n"));
    });
}

#[test]
fn a_head_without_end_is_refused() {
    with_strangers(|waiting| {
        let mut stream = waiting.connect();
        stream
            .write_all(b"GET /callback?code=c HTTP/1.1\r\nCookie: ")
            .unwrap();
        // It may hang up before all is sent.
        let _ = stream.write_all(&[b'x'; 20 * 1024]);
        let answer = rest_of(stream);
        assert_eq!(gist(&answer).0, "431 Request Header Fields Too Large");
    });
}

#[test]
fn cookies_of_other_programs_are_accepted() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let location = waiting.location();
    let target = location.strip_prefix(&waiting.origin()).unwrap();
    let (host, cookie) = (waiting.authority(), "x".repeat(12 * 1024));
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
    assert_eq!(gist(&waiting.send(&head)), LOGGED_IN);
    waiting.end().unwrap();
}

#[test]
fn one_of_several_responses_wins() {
    let server = Simulator::generic();
    let (refuse, refused) = mpsc::channel();
    let refused = Mutex::new(refused);
    let http = HttpTransport::new();
    let waiting = begin_with(
        login(&server),
        transport::from_fn(move |request| {
            // The code is traded only after the others have their pages.
            (0..4).for_each(|_| refused.lock().unwrap().recv().unwrap());
            http.send(request)
        }),
    );
    let location = waiting.location();
    let target = location.strip_prefix(&waiting.origin()).unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n", waiting.authority());
    let mut streams: Vec<TcpStream> = (0..5).map(|_| waiting.connect()).collect();
    for stream in &mut streams {
        stream.write_all(head.as_bytes()).unwrap();
    }
    let answers = thread::scope(|threads| {
        let finish = |mut stream: TcpStream| {
            let refuse = refuse.clone();
            threads.spawn(move || {
                stream.write_all(b"\r\n").unwrap();
                let page = rest_of(stream);
                let _ = refuse.send(());
                page
            })
        };
        let threads: Vec<_> = streams.into_iter().map(finish).collect();
        let answers = threads.into_iter().map(|thread| thread.join().unwrap());
        answers.collect::<Vec<String>>()
    });
    let count = |gist_wanted| {
        answers
            .iter()
            .filter(|answer| gist(answer) == gist_wanted)
            .count()
    };
    assert_eq!(count(LOGGED_IN), 1);
    assert_eq!(count(("409 Conflict", "This login has already ended")), 4);
    waiting.end().unwrap();
}
