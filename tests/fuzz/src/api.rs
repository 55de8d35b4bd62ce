//! Responses of an API, over a socket: challenges, nonces, redirects, and bytes that are not HTTP.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Result, Secret, Session, agent};
use oauth2_generic::{Client, ClientCredentials, DpopKey, Server};

use crate::holds::{ACCESS_TOKEN, CLIENT_SECRET, is_quiet};
use crate::tokens::{TOKEN, URL, key};
use crate::wire::pieces;

/// Responses to a request with a bearer token, and to one with a proof: no other host gets either.
pub(crate) fn api(input: &[u8]) {
    // One input at a time, since they share the server.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for is_bound in [false, true] {
        let proxy = Proxy::started();
        *proxy.state() = State {
            responses: pieces(input).map(<[u8]>::to_vec).collect(),
            heads: Vec::new(),
        };
        let session = session(proxy, is_bound);
        let agent = session.agent();
        if let Err(error) = agent
            .get("http://api.example/v1")
            .call()
            .and_then(|mut response| {
                let body = response.body_mut();
                body.with_config().limit(1 << 20).read_to_vec().map(drop)
            })
        {
            is_quiet(&agent::error(error), &[ACCESS_TOKEN, CLIENT_SECRET]);
        }
        let heads = std::mem::take(&mut proxy.state().heads);
        assert!(
            !heads.is_empty() && heads.len() <= MOST_REQUESTS,
            "{} requests",
            heads.len()
        );
        for (place, head) in heads {
            let has_token =
                head.contains(ACCESS_TOKEN) || head.to_ascii_lowercase().contains("\ndpop:");
            assert!(
                !has_token || place == "api.example:80",
                "sent to {place}: {head}"
            );
        }
    }
}

fn session(proxy: &Proxy, is_bound: bool) -> Session {
    let client = Client::new(Server::new(URL), "app")
        .secret(Secret::new(CLIENT_SECRET))
        .api("http://api.example");
    let client = match is_bound {
        true => client.dpop(DpopKey::from_pem(key()).unwrap()),
        false => client,
    };
    let token = match is_bound {
        true => TOKEN.replace("bearer", "DPoP"),
        false => TOKEN.to_owned(),
    };
    let url = Secret::new(format!("http://127.0.0.1:{}", proxy.port));
    let http = HttpTransport::builder().danger_allow_http().proxy(&url);
    let http = http.timeout(Duration::from_secs(5)).build().unwrap();
    let builder = Session::builder(ClientCredentials::new(client)).clock(ManualClock::new());
    let builder = builder
        .danger_allow_http()
        .transport(Through { http, token });
    builder.build().unwrap()
}

/// Requests of an agent go through the proxy; a request for a token has its response here.
struct Through {
    http: HttpTransport,
    token: String,
}

impl Transport for Through {
    fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        Ok(Response::new(self.token.clone().into_bytes()))
    }

    fn http(&self) -> Option<&HttpTransport> {
        Some(&self.http)
    }
}

/// A proxy that is every host: no name is looked up, and no other machine is reached.
struct Proxy {
    port: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In order; the last one for every further request.
    responses: Vec<Vec<u8>>,
    /// The place that a tunnel was asked for, and the head that came through it.
    heads: Vec<(String, String)>,
}

impl Proxy {
    fn started() -> &'static Self {
        static PROXY: OnceLock<Proxy> = OnceLock::new();
        static STARTED: OnceLock<()> = OnceLock::new();
        let mut listener = None;
        let proxy = PROXY.get_or_init(|| {
            let socket = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = socket.local_addr().unwrap().port();
            listener = Some(socket);
            let state = Mutex::default();
            Self { port, state }
        });
        if let Some(socket) = listener {
            STARTED.get_or_init(|| {
                thread::spawn(move || {
                    for stream in socket.incoming().flatten() {
                        thread::spawn(move || proxy.serve(stream));
                    }
                });
            });
        }
        proxy
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let mut head = head(&mut stream)?;
        let words = head.split(' ');
        let mut place = words.clone().nth(1)?.to_owned();
        if head.starts_with("CONNECT ") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            head = self::head(&mut stream)?;
        } else {
            place = place
                .trim_start_matches("http://")
                .split('/')
                .next()?
                .to_owned();
            place += if place.contains(':') { "" } else { ":80" };
        }
        let response = {
            let mut state = self.state();
            state.heads.push((place, head));
            let at = state.heads.len() - 1;
            state
                .responses
                .get(at)
                .or(state.responses.last())
                .cloned()?
        };
        stream.write_all(&response).ok()?;
        stream.shutdown(Shutdown::Write).ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A head, or the beginning of a TLS handshake.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16 * 1024 && head.first() != Some(&0x16) {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Each of the redirects that are followed, and one more request after a challenge.
const MOST_REQUESTS: usize = 24;
