//! Heads and contents of pages.

use auth_sim::Simulator;

use super::{begin, login};

#[test]
fn every_page_has_the_same_strict_head() {
    let server = Simulator::generic();
    let waiting = begin(login(&server));
    let (origin, redirect) = (waiting.origin(), waiting.parameter("redirect_uri"));
    let answers = [
        waiting.get(&format!("{origin}/elsewhere")),
        waiting.get(&format!("{redirect}?code=c&state=other")),
        waiting.log_in(),
    ];
    for answer in &answers {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let policy = head
            .split("Content-Security-Policy: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        let hash = policy
            .split('\'')
            .find(|word| word.starts_with("sha256-"))
            .unwrap();
        let lines: Vec<&str> = head.split("\r\n").skip(1).collect();
        assert_eq!(
            lines,
            [
                "Content-Type: text/html; charset=utf-8",
                &format!("Content-Length: {}", body.len()),
                "Cache-Control: no-store",
                "Connection: close",
                &format!(
                    "Content-Security-Policy: default-src 'none'; style-src '{hash}'; img-src data:; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                ),
                "Cross-Origin-Opener-Policy: same-origin",
                "Cross-Origin-Resource-Policy: same-origin",
                "Referrer-Policy: no-referrer",
                "X-Content-Type-Options: nosniff",
            ]
        );
    }
    waiting.end().unwrap();
}

#[test]
fn a_page_holds_nothing_of_the_request() {
    let server = Simulator::generic();
    for refuses in [false, true] {
        server.user_refuses(refuses);
        let waiting = begin(login(&server));
        let redirect = waiting.parameter("redirect_uri");
        let stranger = waiting.get(&format!("{redirect}?code=c4nary&state=c4nary&error=c4nary"));
        let elsewhere = waiting.get(&format!("{}/c4nary?c4nary", waiting.origin()));
        assert!(!stranger.contains("c4nary") && !elsewhere.contains("c4nary"));

        let location = waiting.location();
        let page = waiting.get(&location);
        let (_, query) = location.split_once('?').unwrap();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            assert!(!page.contains(value), "{name} is in the page");
        }
        let _ = waiting.end();
    }
}

#[test]
fn names_of_program_and_server_are_not_markup() {
    let server = Simulator::generic();
    let waiting = begin(login(&server).app_name("<script>alert(1)</script>"));
    let page = waiting.log_in();
    assert!(page.contains("<strong>&lt;script&gt;alert(1)&lt;/script&gt;</strong>"));
    let host = server.url().replace("http://", "");
    assert!(page.contains(&format!("<strong>{host}</strong>")));
    assert!(!page.contains("<script"));
    waiting.end().unwrap();
}
