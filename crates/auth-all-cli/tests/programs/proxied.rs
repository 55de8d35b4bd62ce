//! HTTP clients through `auth-all proxy`: the exact requests of curl, Node and Python.

use std::fs;
use std::path::PathBuf;

use auth_sim::Simulator;

use crate::api::Api;
use crate::installed::program;
use crate::support::{Home, Ran, Service, fed, orders, ran};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// A proxy on a port and one on a socket, before the same API.
struct Proxied {
    home: Home,
    api: Api,
    /// `http://` and the address.
    url: String,
    socket: PathBuf,
    _simulator: Simulator,
    _services: [Service; 2],
}

impl Proxied {
    fn new() -> Self {
        let simulator = Simulator::generic();
        let home = orders(&simulator);
        let api = Api::saying(HELLO);
        let socket = home.path().join("s");
        let start = |place: &str| {
            Service::start(&home, &format!("proxy --listen {place} orders={}", api.url))
        };
        let on_port = start("127.0.0.1:0");
        let on_socket = start(&format!("unix:{}", socket.display()));
        let url = format!("http://{}", on_port.address());
        on_socket.line();
        Self {
            home,
            api,
            url,
            socket,
            _simulator: simulator,
            _services: [on_port, on_socket],
        }
    }

    fn curl(&self, words: &[&str], input: Option<&str>) -> Ran {
        let mut command = self.home.command(&program("curl").to_string_lossy());
        command
            .args(["-sS", "--max-time", "60", "--noproxy", ""])
            .args(words);
        match input {
            Some(input) => fed(&mut command, input),
            None => ran(command.output()),
        }
    }
}

#[test]
fn curl_gets_and_sends_through_a_port() {
    let proxied = Proxied::new();
    let url = format!("{}/v1", proxied.url);
    let long = "x".repeat(2 * 1024 * 1024);
    let file = proxied.home.path().join("long");
    fs::write(&file, &long).unwrap();
    let data = format!("@{}", file.display());
    assert_eq!(proxied.curl(&["-f", &url], None).out, "hello");
    assert_eq!(proxied.curl(&["-f", "-I", &url], None).code, 0);
    // With `Expect: 100-continue`, and in chunks.
    assert_eq!(
        proxied
            .curl(&["-f", "--data-binary", &data, &url], None)
            .out,
        "hello"
    );
    assert_eq!(
        proxied.curl(&["-f", "-T", "-", &url], Some(&long)).out,
        "hello"
    );
    let seen = proxied.api.seen();
    let lengths: Vec<_> = seen.iter().map(|seen| seen.length).collect();
    assert_eq!(lengths, [0, 0, long.len() as u64, long.len() as u64]);
    let token = format!("Bearer {}", proxied.home.run("token orders").out.trim());
    assert!(
        seen.iter()
            .all(|seen| seen.header("authorization") == Some(&token))
    );
}

#[test]
fn curl_with_a_forward_proxy_learns_why_it_fails() {
    let proxied = Proxied::new();
    let ran = proxied.curl(&["-x", &proxied.url, "http://api.example.com/v1"], None);
    assert!(
        ran.out.contains("unset `http_proxy`"),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = proxied.curl(&["-x", &proxied.url, "https://api.example.com/v1"], None);
    assert!(ran.err.contains("405"), "{}", ran.err);
    assert_eq!(proxied.api.seen().len(), 0);
}

#[test]
fn node_gets_through_a_port_and_a_socket() {
    let proxied = Proxied::new();
    let script = "\
        const http = require('node:http');\n\
        const [url, socketPath] = process.argv.slice(1);\n\
        http.get({ socketPath, path: '/v1' }, (response) => response.on('data', async (data) =>\n\
            console.log(String(data), await (await fetch(url + '/v1', { method: 'POST', body: 'b' })).text())));\n";
    let mut node = proxied.home.command(&program("node").to_string_lossy());
    node.args(["-e", script, &proxied.url]).arg(&proxied.socket);
    let ran = ran(node.output());
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("hello hello\n", ""));
    assert_eq!(proxied.api.seen().len(), 2);
}

#[test]
fn python_gets_through_a_port() {
    let proxied = Proxied::new();
    let script = "\
import http.client, sys, urllib.request
print(urllib.request.urlopen(sys.argv[1] + '/v1').read().decode())
connection = http.client.HTTPConnection(sys.argv[1].removeprefix('http://'))
for body in (None, b'sized', iter([b'in ', b'chunks'])):
    connection.request('POST' if body else 'GET', '/v1', body)
    print(connection.getresponse().read().decode())
";
    let mut python = proxied.home.command(&program("python3").to_string_lossy());
    python
        .args(["-c", script, &proxied.url])
        .env("NO_PROXY", "*");
    let ran = ran(python.output());
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("hello\nhello\nhello\nhello\n", "")
    );
    let seen = proxied.api.seen();
    let bodies: Vec<_> = seen
        .iter()
        .map(|seen| String::from_utf8_lossy(&seen.body))
        .collect();
    assert_eq!(bodies, ["", "", "sized", "in chunks"]);
}
