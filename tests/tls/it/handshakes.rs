//! The table of handshakes: for every library and kind of request, what is accepted and what is refused.

use auth_all::Error;
use auth_all::error::{Delivery, NetworkFailure};
use auth_all::transport::Tls;
use rustls::version::{TLS12, TLS13};
use tls_tests::authority::{Authority, FAR};
use tls_tests::endpoint::{Turn, Visit, endpoint, https};
use tls_tests::proxy::{at, closed_proxy, proxy};

use crate::{ANSWER, Kind, TOKEN, compiled_in, reason, with};

/// Authorities of a case.
struct Stage {
    ours: Authority,
    theirs: Authority,
}

/// One handshake.
struct Case {
    name: &'static str,
    server: fn(&Stage) -> Turn,
    client: fn(&Stage, Tls) -> Tls,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Accepted,
    /// The handshake fails before the request is sent.
    Refused,
    /// The server refuses the client's certificate with TLS 1.2, before the request is sent. rustls reports that as it
    /// does with TLS 1.3; a request body that was never read shows the difference.
    RefusedClient,
    /// With TLS 1.3 a server refuses a client's certificate when the request is on its way.
    RefusedLate,
}

use Expected::{Accepted, Refused, RefusedClient, RefusedLate};

impl Expected {
    /// Delivery of a request that was refused.
    fn delivery(self, library: &Tls, kind: Kind) -> Option<Delivery> {
        let shows_handshakes = is_native(library) || matches!(kind, Kind::TokenByPost);
        match self {
            Accepted => None,
            Refused => Some(Delivery::NotSent),
            RefusedClient if shows_handshakes => Some(Delivery::NotSent),
            RefusedClient | RefusedLate => Some(Delivery::Unknown),
        }
    }
}

fn is_native(library: &Tls) -> bool {
    format!("{library:?}").contains("library: native")
}

const CASES: &[Case] = &[
    Case {
        name: "an authority of the company",
        server: |stage| tls(stage.ours.server()),
        client: trusting,
        expected: Accepted,
    },
    Case {
        name: "a client certificate, TLS 1.2",
        server: |stage| tls(stage.ours.server_for_clients(&TLS12)),
        client: presenting_ours,
        expected: Accepted,
    },
    Case {
        name: "a client certificate, TLS 1.3",
        server: |stage| tls(stage.ours.server_for_clients(&TLS13)),
        client: presenting_ours,
        expected: Accepted,
    },
    Case {
        name: "an unknown authority",
        server: |stage| tls(stage.theirs.server()),
        client: trusting,
        expected: Refused,
    },
    Case {
        name: "an authority that only the company knows",
        server: |stage| tls(stage.ours.server()),
        client: |_, tls| tls,
        expected: Refused,
    },
    Case {
        name: "another host's certificate",
        server: |stage| tls(stage.ours.sign("token.example", FAR).server()),
        client: trusting,
        expected: Refused,
    },
    Case {
        name: "an expired certificate",
        server: |stage| tls(stage.ours.sign("127.0.0.1", 2020).server()),
        client: trusting,
        expected: Refused,
    },
    Case {
        name: "no version in common, says the server",
        server: |_| Turn::Noise(&PROTOCOL_VERSION),
        client: trusting,
        expected: Refused,
    },
    Case {
        name: "no version in common, says the client",
        server: |_| Turn::Noise(&SERVER_HELLO_OF_TLS_1_0),
        client: trusting,
        expected: Refused,
    },
    Case {
        name: "no client certificate, TLS 1.2",
        server: |stage| tls(stage.ours.server_for_clients(&TLS12)),
        client: trusting,
        expected: RefusedClient,
    },
    Case {
        name: "a client certificate of another authority, TLS 1.2",
        server: |stage| tls(stage.ours.server_for_clients(&TLS12)),
        client: presenting_theirs,
        expected: RefusedClient,
    },
    Case {
        name: "no client certificate, TLS 1.3",
        server: |stage| tls(stage.ours.server_for_clients(&TLS13)),
        client: trusting,
        expected: RefusedLate,
    },
    Case {
        name: "a client certificate of another authority, TLS 1.3",
        server: |stage| tls(stage.ours.server_for_clients(&TLS13)),
        client: presenting_theirs,
        expected: RefusedLate,
    },
];

fn tls(server: std::sync::Arc<rustls::ServerConfig>) -> Turn {
    Turn::Tls(server, ANSWER.to_owned())
}

fn trusting(stage: &Stage, tls: Tls) -> Tls {
    tls.only_authorities(stage.ours.pem())
}

fn presenting_ours(stage: &Stage, tls: Tls) -> Tls {
    let client = stage.ours.sign("client.example", FAR);
    trusting(stage, tls).client_certificate(client.client())
}

fn presenting_theirs(stage: &Stage, tls: Tls) -> Tls {
    let client = stage.theirs.sign("client.example", FAR);
    trusting(stage, tls).client_certificate(client.client())
}

/// The fatal alert `protocol_version` (RFC 8446 §6.2).
const PROTOCOL_VERSION: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

/// A server that speaks TLS 1.0 and nothing newer (RFC 2246 §7.4.1.3).
const SERVER_HELLO_OF_TLS_1_0: [u8; 47] = {
    let mut hello = [0; 47];
    let (record, message, version) = ([22, 3, 1, 0, 42], [2, 0, 0, 38], [3, 1]);
    let head = [record.as_slice(), &message, &version];
    let (mut at, mut part) = (0, 0);
    while part < head.len() {
        let mut byte = 0;
        while byte < head[part].len() {
            hello[at] = head[part][byte];
            (at, byte) = (at + 1, byte + 1);
        }
        part += 1;
    }
    hello[45] = 0x2f; // TLS_RSA_WITH_AES_128_CBC_SHA
    hello
};

/// Calls back for every library and kind of request.
fn for_each(mut check: impl FnMut(&str, Tls, Kind)) {
    for library in compiled_in() {
        for kind in Kind::ALL {
            check(&format!("{library:?}, {kind:?}"), library.clone(), kind);
        }
    }
}

fn stage() -> Stage {
    Stage {
        ours: Authority::new("ours"),
        theirs: Authority::new("theirs"),
    }
}

/// Asserts that no request arrived.
#[track_caller]
fn assert_unheard(visits: &[Visit], case: &str) {
    for heard in visits.iter().map(Visit::heard) {
        // Without TLS, a server hears the beginning of the handshake.
        assert!(!heard.contains("HTTP/1.1"), "{case}: {heard}");
    }
}

#[test]
fn each_library_accepts_and_refuses_alike() {
    let stage = stage();
    let mut wrong = Vec::new();
    for_each(|who, library, kind| {
        for case in CASES {
            let endpoint = endpoint([(case.server)(&stage)]);
            let transport = with((case.client)(&stage, library.clone()));
            let outcome = kind.send(&https(&endpoint), transport.build().unwrap());
            let visits = endpoint.all();
            let expected = case.expected.delivery(&library, kind);
            let is_expected = match (&outcome, expected) {
                (Ok(()), None) => visits[0].heard().contains("HTTP/1.1"),
                (
                    Err(Error::Network {
                        failure, delivery, ..
                    }),
                    Some(expected),
                ) => {
                    assert_unheard(&visits, case.name);
                    matches!(failure, NetworkFailure::Connect(_)) && *delivery == expected
                }
                _ => false,
            };
            if !is_expected {
                wrong.push(format!("{who}, {}: {outcome:?}", case.name));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_client_certificate_arrives_whole() {
    let stage = stage();
    let client = stage.ours.sign("client.example", FAR);
    for_each(|who, library, kind| {
        for version in [&TLS12, &TLS13] {
            let endpoint = endpoint([tls(stage.ours.server_for_clients(version))]);
            let library = trusting(&stage, library.clone()).client_certificate(client.client());
            let transport = with(library).build().unwrap();
            kind.send(&https(&endpoint), transport).unwrap();
            assert_eq!(endpoint.all()[0].certificate, client.der(), "{who}");
        }
    });
}

#[test]
fn a_proxy_learns_the_address_alone() {
    let stage = stage();
    for_each(|who, library, kind| {
        let (proxy, endpoint) = (proxy(), endpoint([tls(stage.ours.server())]));
        let transport = with(trusting(&stage, library)).proxy(at(&proxy));
        kind.send(&https(&endpoint), transport.build().unwrap())
            .unwrap_or_else(|error| panic!("{who}: {error:?}"));
        let target = endpoint.address();
        assert!(endpoint.all()[0].heard().contains("canary7Qz"), "{who}");
        let passed = proxy.all();
        assert_eq!(passed.len(), 1, "{who}: {passed:?}");
        let head = &passed[0].head;
        assert!(head.starts_with(&format!("CONNECT {target} ")), "{head}");
        for part in [&passed[0].to_server, &passed[0].to_client] {
            assert!(
                !String::from_utf8_lossy(part).contains("canary7Qz"),
                "{who}"
            );
        }
        assert!(!head.contains(TOKEN), "{who}: {head}");
    });
}

#[test]
fn a_certificate_behind_a_proxy_is_verified_too() {
    let stage = stage();
    for_each(|who, library, kind| {
        let (proxy, endpoint) = (proxy(), endpoint([tls(stage.theirs.server())]));
        let transport = with(trusting(&stage, library)).proxy(at(&proxy));
        let error = kind
            .send(&https(&endpoint), transport.build().unwrap())
            .unwrap_err();
        assert!(
            reason(&error, who).contains("certificate"),
            "{who}: {error}"
        );
        assert!(
            error.to_string().ends_with("nothing was sent"),
            "{who}: {error}"
        );
        assert_unheard(&endpoint.all(), who);
        drop(proxy.all());
    });
}

#[test]
fn a_proxy_that_refuses_is_sent_nothing() {
    let stage = stage();
    for_each(|who, library, kind| {
        let (proxy, endpoint) = (closed_proxy(), endpoint([]));
        let transport = with(trusting(&stage, library)).proxy(at(&proxy));
        let error = kind
            .send(&https(&endpoint), transport.build().unwrap())
            .unwrap_err();
        let Error::Network {
            failure, delivery, ..
        } = &error
        else {
            panic!("{who}: {error:?}");
        };
        let expected = (&NetworkFailure::Proxy, &Delivery::NotSent);
        assert_eq!((failure, delivery), expected, "{who}");
        assert_eq!(endpoint.all().len(), 0, "{who}");
        assert_eq!(proxy.all()[0].to_server, b"", "{who}");
    });
}

/// The words for a certificate that is not trusted show which library spoke.
#[test]
fn each_library_speaks_for_itself() {
    let stage = stage();
    for_each(|who, library, kind| {
        let endpoint = endpoint([tls(stage.theirs.server())]);
        let is_native = is_native(&library);
        let transport = with(library).build().unwrap();
        let error = kind.send(&https(&endpoint), transport).unwrap_err();
        let is_rustls = reason(&error, who).starts_with("invalid peer certificate");
        assert_eq!(is_rustls, !is_native, "{who}: {error}");
    });
}
