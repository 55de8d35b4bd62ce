//! The address to which the browser returns: a port of the loopback interface (RFC 8252 §7.3, §8.3).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use auth_core::{Error, Result, Secret};

use crate::authorize::normal;

/// A port in use by this login, on 127.0.0.1 and on `[::1]`.
#[derive(Debug)]
pub(super) struct Loopback {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) address: Address,
}

/// The parts of a request that must match.
#[derive(Debug)]
pub(super) struct Address {
    /// As registered, character by character (RFC 6749 §3.1.2.3); a port that was left out is filled in.
    pub(super) redirect_uri: String,
    /// As a browser spells it: never empty.
    pub(super) path: String,
    /// The values of `Host`. A foreign name that leads to this machine is not among them.
    pub(super) hosts: Vec<String>,
}

/// A redirect URI, as the caller has set it.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    host: Host,
    /// 0: any.
    port: u16,
    before_port: &'a str,
    after_port: &'a str,
    /// The whole text; empty for the default.
    registered: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Host {
    Either,
    V4,
    V6,
    Name,
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
                 return to this program; leave it empty for a free port",
            )
        })?;
        // A port that is free on one address may be taken on the other.
        let mut tries = if wanted.port == 0 { TRIES } else { 1 };
        let listeners = loop {
            tries -= 1;
            match wanted.listen() {
                Ok(listeners) => break listeners,
                Err(error) if tries > 0 && error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(wanted.unusable(&error)),
            }
        };
        let address = wanted.address(&listeners)?;
        Ok(Self { listeners, address })
    }
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
                before_port: "",
                after_port: "/callback",
                registered: "",
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
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, after_port) = rest.split_at(end);
        let (name, host) = HOSTS.iter().find(|(name, _)| begins(authority, name))?;
        let port = match authority[name.len()..].strip_prefix(':') {
            Some(digits) => digits.parse().ok()?,
            None if authority.len() == name.len() => 0,
            None => return None,
        };
        Some(Self {
            host: *host,
            port,
            before_port: &redirect_uri[..scheme.len() + name.len()],
            after_port,
            registered: redirect_uri,
        })
    }

    /// Listens on both addresses, as far as the machine has them.
    fn listen(self) -> io::Result<Vec<TcpListener>> {
        let v4 = self.bind(Host::V4, self.port)?;
        let port = match &v4 {
            Some(listener) => listener.local_addr()?.port(),
            None => self.port,
        };
        let v6 = self.bind(Host::V6, port)?;
        Ok(v4.into_iter().chain(v6).collect())
    }

    /// Listens on one address. `None` if the machine does not have it, or it may be another program's.
    fn bind(self, family: Host, port: u16) -> io::Result<Option<TcpListener>> {
        let address: IpAddr = match family {
            Host::V6 => Ipv6Addr::LOCALHOST.into(),
            _ => Ipv4Addr::LOCALHOST.into(),
        };
        let listener = match TcpListener::bind((address, port)) {
            Ok(listener) => listener,
            Err(error) => match error.kind() {
                ErrorKind::AddrInUse if self.needs(family) => return Err(error),
                // A port below 1024, or a firewall of this machine.
                ErrorKind::PermissionDenied => return Err(error),
                _ => return Ok(None),
            },
        };
        listener.set_nonblocking(true)?;
        Ok(Some(listener))
    }

    /// Returns `true` if no other program may have the port there. A browser that is sent to `localhost` picks one of
    /// the two addresses, and the code must not go to another program on the other.
    fn needs(self, family: Host) -> bool {
        self.port == 0 || self.host == Host::Name || self.host == family
    }

    fn address(self, listeners: &[TcpListener]) -> Result<Address> {
        let bound = listeners.iter().map(TcpListener::local_addr);
        let bound = bound.collect::<io::Result<Vec<SocketAddr>>>();
        let bound = bound.map_err(|error| self.unusable(&error))?;
        let is_usable = |address: &&SocketAddr| match self.host {
            Host::V4 => address.is_ipv4(),
            Host::V6 => address.is_ipv6(),
            Host::Either | Host::Name => true,
        };
        let Some(first) = bound.iter().find(is_usable) else {
            return Err(Error::configuration(
                "this machine does not have the address of `redirect_uri`",
            ));
        };
        let redirect_uri = self.redirect_uri(first);
        let path = path_of(&redirect_uri).ok_or_else(|| {
            Error::configuration("`redirect_uri` is not a URL; write it as http://127.0.0.1/path")
        })?;
        let name = (self.host == Host::Name).then_some("localhost");
        let hosts = ["127.0.0.1", "[::1]"].into_iter().chain(name);
        Ok(Address {
            redirect_uri,
            path,
            hosts: hosts
                .flat_map(|host| as_hosts(host, first.port()))
                .collect(),
        })
    }

    /// The redirect URI to send. One that names its port is sent as registered.
    fn redirect_uri(self, bound: &SocketAddr) -> String {
        let rest = self.after_port;
        match (self.registered, self.port) {
            ("", _) => format!("http://{bound}{rest}"),
            (registered, 1..) => registered.to_owned(),
            _ => format!("{}:{}{rest}", self.before_port, bound.port()),
        }
    }

    fn unusable(self, error: &io::Error) -> Error {
        Error::configuration(match (error.kind(), self.port) {
            (ErrorKind::AddrInUse, 0) => "no port is free on both 127.0.0.1 and [::1]".to_owned(),
            (ErrorKind::AddrInUse, port) => format!(
                "port {port} of `redirect_uri` is taken by another program; end that one, or leave the \
                 port out if the server allows any"
            ),
            (kind, _) => format!("cannot listen on the port of `redirect_uri` ({kind})"),
        })
    }
}

/// The values of `Host` for a host and a port. A browser leaves out the port that is http's own.
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
    fn a_redirect_uri_must_be_on_loopback() {
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
                (wanted.host, wanted.port, wanted.after_port),
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
            let bound = match wanted.host {
                Host::V6 => "[::1]:8400",
                _ => "127.0.0.1:8400",
            };
            let uri = wanted.redirect_uri(&bound.parse().unwrap());
            assert_eq!(uri, sent);
            assert_eq!(path_of(&uri).as_deref(), Some(path), "{registered}");
        }
    }

    #[test]
    fn a_host_may_lack_the_port_of_http() {
        assert_eq!(as_hosts("localhost", 80), ["localhost:80", "localhost"]);
        assert_eq!(as_hosts("localhost", 8080), ["localhost:8080"]);
    }

    /// RFC 8252 §8.3: no other machine reaches it.
    #[test]
    fn only_loopback_is_listened_on() {
        for uri in ["", "http://127.0.0.1/cb", "http://localhost/cb"] {
            let loopback = Loopback::open(uri).unwrap();
            assert!(!loopback.listeners.is_empty());
            for listener in loopback.listeners {
                assert!(listener.local_addr().unwrap().ip().is_loopback());
            }
        }
    }

    #[test]
    fn the_port_is_ours_wherever_a_browser_may_return() {
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
    fn one_free_port_serves_both_addresses() {
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
    fn localhost_needs_the_port_on_both_addresses() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            return;
        };
        let port = other.local_addr().unwrap().port();
        let error = Loopback::open(&format!("http://localhost:{port}/cb")).unwrap_err();
        assert!(error.to_string().contains("is taken"), "{error}");
        Loopback::open(&format!("http://127.0.0.1:{port}/cb")).unwrap();
    }
}
