//! Where the browser comes back to: a port of the loopback interface (RFC 8252 §7.3, §8.3).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use auth_core::{Error, Result, Secret};

use crate::authorize::normal;

/// A port that is listened on, on 127.0.0.1 and on `[::1]`.
#[derive(Debug)]
pub(super) struct Loopback {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) address: Address,
}

/// What a request must name to be for us.
#[derive(Debug)]
pub(super) struct Address {
    /// As it was registered, character by character (RFC 6749 §3.1.2.3); a port that was left out is filled in.
    pub(super) redirect_uri: String,
    /// As a browser spells it: never empty.
    pub(super) path: String,
    /// What a `Host` header may say. A name that somebody else's DNS points here is not among them.
    pub(super) hosts: Vec<String>,
}

/// What the redirect URI asks for.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    host: Host,
    /// 0: any.
    port: u16,
    /// As it was registered; empty where any address will do.
    registered: &'a str,
    /// How much of it stands before the port.
    before_port: usize,
    path_and_query: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Host {
    Either,
    V4,
    V6,
    Name,
}

/// What came of listening on one of the two addresses.
enum Bound {
    Listening(TcpListener),
    /// This machine does not have that address.
    Missing,
    Taken,
}

impl Loopback {
    pub(super) fn open(redirect_uri: &str) -> Result<Self> {
        if redirect_uri.contains(char::is_whitespace) {
            return Err(Error::configuration(
                "`redirect_uri` has a line break or a space in it; remove it",
            ));
        }
        let wanted = Wanted::read(redirect_uri).ok_or_else(|| {
            Error::configuration(
                "`redirect_uri` is not http:// at 127.0.0.1, [::1] or localhost, where a browser can \
                 come back to; leave it empty for a free port",
            )
        })?;
        // A port that is free on one address may be taken on the other.
        let tries = if wanted.port == 0 { TRIES } else { 1 };
        for _ in 0..tries {
            if let Some((v4, v6)) = wanted.listen().map_err(|error| unusable(&error))? {
                return Self::at(wanted, v4, v6);
            }
        }
        Err(Error::configuration(match wanted.port {
            0 => "no port is free on both 127.0.0.1 and [::1]".to_owned(),
            port => format!(
                "port {port} of `redirect_uri` is taken by another program; end that one, or leave the \
                 port out if the server allows any"
            ),
        }))
    }

    fn at(wanted: Wanted<'_>, v4: Option<TcpListener>, v6: Option<TcpListener>) -> Result<Self> {
        let host = match (wanted.host, &v4, &v6) {
            (Host::Name, ..) => "localhost",
            (Host::Either | Host::V4, Some(_), _) => "127.0.0.1",
            (Host::Either | Host::V6, _, Some(_)) => "[::1]",
            _ => {
                return Err(Error::configuration(
                    "this machine does not have the address of `redirect_uri`",
                ));
            }
        };
        let listeners: Vec<TcpListener> = v4.into_iter().chain(v6).collect();
        for listener in &listeners {
            listener
                .set_nonblocking(true)
                .map_err(|error| unusable(&error))?;
        }
        let port = port_of(listeners.first()).map_err(|error| unusable(&error))?;
        let redirect_uri = wanted.redirect_uri(host, port);
        let path = path_of(&redirect_uri).ok_or_else(|| {
            Error::configuration("`redirect_uri` is not a URL; write it as http://127.0.0.1/path")
        })?;
        let name = (wanted.host == Host::Name).then_some("localhost");
        let hosts = ["127.0.0.1", "[::1]"].into_iter().chain(name);
        Ok(Self {
            listeners,
            address: Address {
                redirect_uri,
                path,
                hosts: hosts.flat_map(|host| as_hosts(host, port)).collect(),
            },
        })
    }
}

/// What a `Host` header says of a host and a port. A browser leaves out the port that is http's own.
fn as_hosts(host: &str, port: u16) -> Vec<String> {
    let short = (port == 80).then(|| host.to_owned());
    [format!("{host}:{port}")]
        .into_iter()
        .chain(short)
        .collect()
}

/// The path of a redirect URI, as a browser spells it in a request.
fn path_of(redirect_uri: &str) -> Option<String> {
    let normal = normal(redirect_uri)?;
    let (_, rest) = normal.split_once("://")?;
    let path = &rest[rest.find('/')?..];
    Some(path.split(['?', '#']).next()?.to_owned())
}

impl Address {
    /// The URL that a browser was sent to, with this query.
    pub(super) fn url(&self, query: &str) -> Secret {
        Secret::from(format!("{}?{query}", self.without_query()))
    }

    /// The redirect URI as it may be shown.
    pub(super) fn without_query(&self) -> &str {
        self.redirect_uri.split('?').next().unwrap_or_default()
    }
}

impl<'a> Wanted<'a> {
    fn read(redirect_uri: &'a str) -> Option<Self> {
        if redirect_uri.is_empty() {
            return Some(Self {
                host: Host::Either,
                port: 0,
                registered: "",
                before_port: 0,
                path_and_query: "/callback",
            });
        }
        let begins = |text: &str, with: &str| {
            let start = text.get(..with.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        let scheme = "http://";
        let rest = redirect_uri.get(scheme.len()..)?;
        if !begins(redirect_uri, scheme) {
            return None;
        }
        let (authority, path_and_query) =
            rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (name, host) = HOSTS.iter().find(|(name, _)| begins(authority, name))?;
        let port = match authority[name.len()..].strip_prefix(':') {
            Some(digits) => digits.parse().ok()?,
            None if authority.len() == name.len() => 0,
            None => return None,
        };
        Some(Self {
            host: *host,
            port,
            registered: redirect_uri,
            before_port: scheme.len() + name.len(),
            path_and_query,
        })
    }

    /// The redirect URI to send. One that names its port is sent as it was registered.
    fn redirect_uri(self, host: &str, port: u16) -> String {
        if self.port != 0 {
            return self.registered.to_owned();
        }
        let before = match self.registered {
            "" => format!("http://{host}"),
            registered => registered[..self.before_port].to_owned(),
        };
        format!("{before}:{port}{}", self.path_and_query)
    }

    /// Listens on both addresses, as far as there are both; nothing if the port is taken.
    fn listen(self) -> io::Result<Option<(Option<TcpListener>, Option<TcpListener>)>> {
        let v4 = match bind(Ipv4Addr::LOCALHOST.into(), self.port)? {
            Bound::Taken if self.needs(Host::V4) => return Ok(None),
            Bound::Listening(listener) => Some(listener),
            Bound::Missing | Bound::Taken => None,
        };
        let port = match &v4 {
            Some(_) => port_of(v4.as_ref())?,
            None => self.port,
        };
        Ok(match bind(Ipv6Addr::LOCALHOST.into(), port)? {
            Bound::Taken if self.needs(Host::V6) => None,
            Bound::Listening(listener) => Some((v4, Some(listener))),
            Bound::Missing | Bound::Taken => Some((v4, None)),
        })
    }

    /// Whether nobody else may have the port there. A browser that is sent to `localhost` picks one of
    /// the two, and the code must not go to whoever listens on the other.
    fn needs(self, family: Host) -> bool {
        self.port == 0 || self.host == Host::Name || self.host == family
    }
}

fn bind(address: IpAddr, port: u16) -> io::Result<Bound> {
    match TcpListener::bind((address, port)) {
        Ok(listener) => Ok(Bound::Listening(listener)),
        Err(error) => match error.kind() {
            ErrorKind::AddrInUse => Ok(Bound::Taken),
            // A port below 1024, or a firewall of this machine.
            ErrorKind::PermissionDenied => Err(error),
            _ => Ok(Bound::Missing),
        },
    }
}

fn port_of(listener: Option<&TcpListener>) -> io::Result<u16> {
    let listener = listener.ok_or(ErrorKind::AddrNotAvailable)?;
    Ok(listener.local_addr()?.port())
}

fn unusable(error: &io::Error) -> Error {
    Error::configuration(format!(
        "the port of `redirect_uri` cannot be listened on ({})",
        error.kind()
    ))
}

const HOSTS: [(&str, Host); 3] = [
    ("127.0.0.1", Host::V4),
    ("[::1]", Host::V6),
    ("localhost", Host::Name),
];
const TRIES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_on_the_loopback_interface_or_refused() {
        for (uri, host, port, rest) in [
            ("", Host::Either, 0, "/callback"),
            ("http://127.0.0.1", Host::V4, 0, ""),
            ("http://127.0.0.1:0/cb?a=b", Host::V4, 0, "/cb?a=b"),
            ("http://[::1]:8400/", Host::V6, 8400, "/"),
            ("http://localhost/cb", Host::Name, 0, "/cb"),
            ("HTTP://LocalHost:8400?a=b", Host::Name, 8400, "?a=b"),
        ] {
            let wanted = Wanted::read(uri).unwrap();
            assert_eq!(
                (wanted.host, wanted.port, wanted.path_and_query),
                (host, port, rest)
            );
        }
        for uri in [
            "https://127.0.0.1/cb",
            "http://127.0.0.10/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1@evil.example/cb",
            "http://127.0.0.1:8400@evil.example/cb",
            "http://localhost.evil.example/cb",
            "http://127.0.0.1:99999/cb",
            "http://0.0.0.0/cb",
            " http://127.0.0.1/cb",
            "httpö//127.0.0.1/cb",
            "app.example:/cb",
        ] {
            assert!(Wanted::read(uri).is_none(), "{uri}");
        }
    }

    /// RFC 6749 §3.1.2.3: servers compare it character by character.
    #[test]
    fn a_redirect_uri_is_sent_as_registered() {
        for (registered, sent, path) in [
            ("", "http://127.0.0.1:8400/callback", "/callback"),
            ("http://127.0.0.1", "http://127.0.0.1:8400", "/"),
            ("http://[::1]?a=b", "http://[::1]:8400?a=b", "/"),
            ("http://localhost:0/", "http://localhost:8400/", "/"),
            ("http://localhost:80/cb", "http://localhost:80/cb", "/cb"),
            ("http://LOCALHOST:8000", "http://LOCALHOST:8000", "/"),
            (
                "http://localhost:8000/a/../ü?b=/",
                "http://localhost:8000/a/../ü?b=/",
                "/%C3%BC",
            ),
        ] {
            let wanted = Wanted::read(registered).unwrap();
            let host = match wanted.host {
                Host::V6 => "[::1]",
                _ => "127.0.0.1",
            };
            let uri = wanted.redirect_uri(host, 8400);
            assert_eq!(uri, sent);
            assert_eq!(path_of(&uri).as_deref(), Some(path), "{registered}");
        }
    }

    #[test]
    fn the_port_of_http_may_be_left_out_of_a_host() {
        assert_eq!(as_hosts("localhost", 80), ["localhost:80", "localhost"]);
        assert_eq!(as_hosts("localhost", 8080), ["localhost:8080"]);
    }

    /// RFC 8252 §8.3: nobody on the network gets at it.
    #[test]
    fn nothing_but_the_loopback_interface_is_listened_on() {
        for uri in ["", "http://127.0.0.1/cb", "http://localhost/cb"] {
            let loopback = Loopback::open(uri).unwrap();
            assert!(!loopback.listeners.is_empty());
            for listener in loopback.listeners {
                assert!(listener.local_addr().unwrap().ip().is_loopback());
            }
        }
    }

    #[test]
    fn a_port_must_be_ours_wherever_a_browser_may_come_back_to_it() {
        for (uri, v4, v6) in [
            ("", true, true),
            ("http://127.0.0.1/cb", true, true),
            ("http://[::1]/cb", true, true),
            ("http://localhost:8400/cb", true, true),
            ("http://127.0.0.1:8400/cb", true, false),
            ("http://[::1]:8400/cb", false, true),
        ] {
            let wanted = Wanted::read(uri).unwrap();
            assert_eq!((wanted.needs(Host::V4), wanted.needs(Host::V6)), (v4, v6));
        }
    }

    #[test]
    fn one_free_port_is_listened_on_by_both_addresses() {
        let loopback = Loopback::open("").unwrap();
        let ports = loopback
            .listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port());
        let ports: Vec<u16> = ports.collect();
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0));
        let uri = format!("http://127.0.0.1:{}/callback", ports[0]);
        assert_eq!(loopback.address.redirect_uri, uri);
        assert_eq!(loopback.address.path, "/callback");
    }

    #[test]
    fn a_name_that_leads_to_either_address_needs_the_port_on_both() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            return;
        };
        let port = other.local_addr().unwrap().port();
        let error = Loopback::open(&format!("http://localhost:{port}/cb")).unwrap_err();
        assert!(error.to_string().contains("is taken"), "{error}");
        Loopback::open(&format!("http://127.0.0.1:{port}/cb")).unwrap();
    }
}
