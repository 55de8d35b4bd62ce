//! A web page in the user's browser, which tries to spend the token of `auth-all proxy`.

use std::io::Write as _;

use auth_sim::Simulator;
use services::{Chromium, started};

use crate::api::Api;
use crate::support::{Service, orders};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// Sends requests in every way that a page has, and returns what it can read of them.
const ATTACK: &str = "(async () => {
    const tries = {
        beacon: async () => navigator.sendBeacon(at, 'a=b'),
        get: () => fetch(at),
        blind: () => fetch(at, { mode: 'no-cors', credentials: 'include' }),
        post: () => fetch(at, { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ a: 'b' }) }),
        put: () => fetch(at, { method: 'PUT', headers: { 'x-a': 'b', 'content-type': 'application/json' }, body: '{}' }),
        image: () => loaded('img', (it) => { it.src = at; }),
        script: () => loaded('script', (it) => { it.src = at; }),
        frame: () => loaded('iframe', (it) => { it.src = at; }),
        form: () => loaded('iframe', (it) => {
            it.name = at;
            const form = document.createElement('form');
            Object.assign(form, { method: 'post', action: at, target: at });
            document.body.append(form);
            setTimeout(() => form.submit());
        }),
    };
    const loaded = (kind, begin) => new Promise((done) => {
        const element = document.createElement(kind);
        element.onerror = done;
        element.onload = () => { if (kind !== 'iframe' || element.loads++ || element.src) done(); };
        element.loads = 0;
        begin(element);
        document.body.append(element);
    });
    const texts = [];
    for (const [name, go] of Object.entries(tries)) {
        try {
            const response = await go();
            if (response instanceof Response && response.ok) texts.push(`${name}: ${await response.text()}`);
        } catch {}
    }
    return texts.join(', ');
})()";

#[test]
fn a_page_gets_nothing_unless_its_origin_is_allowed() {
    let simulator = Simulator::generic();
    let home = orders(&simulator);
    let api = Api::saying(HELLO);
    let page = Api::start(|_, stream| {
        let text = "<!doctype html><title>page</title><body>";
        let length = text.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{text}"
        )
    });
    let start = |more: &str| {
        let words = format!("proxy --listen 127.0.0.1:0{more} orders={}", api.url);
        let service = Service::start(&home, &words);
        let url = service.line().split(' ').nth(1).unwrap().to_owned();
        (service, url)
    };
    let mut chromium = started(Chromium::start());
    let mut tab = chromium.tab();
    let (_closed, url) = start("");
    // The same site on another port, another site, and a name that leads to this machine.
    let elsewhere = page.url.replace("127.0.0.1", "evil.localhost");
    for from in [&page.url, &elsewhere] {
        tab.open(from);
        assert_eq!(tab.ask_text("document.title"), "page");
        for at in [url.clone(), url.replace("127.0.0.1", "rebound.localhost")] {
            let read = tab.ask_text(&format!("var at = '{at}v1'; {ATTACK}"));
            assert_eq!(read, "", "{from} {at}");
        }
    }
    tab.open(&format!(
        "{}v1",
        url.replace("127.0.0.1", "rebound.localhost")
    ));
    let text = tab.ask_text("document.body.innerText");
    assert!(text.starts_with("auth-all: `Host` is not one of"), "{text}");
    assert!(api.seen().is_empty(), "{:?}", api.seen());

    let (_open, url) = start(&format!(" --allow-origin {}", page.url));
    tab.open(&page.url);
    let read = tab.ask_text(&format!("var at = '{url}v1'; {ATTACK}"));
    assert_eq!(read, "get: hello, put: hello");
    assert!(!api.seen().is_empty());
    tab.open(&elsewhere);
    let before = api.seen().len();
    assert_eq!(tab.ask_text(&format!("var at = '{url}v1'; {ATTACK}")), "");
    assert_eq!(api.seen().len(), before);
}
