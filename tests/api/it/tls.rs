//! Two TLS libraries in one program: each is chosen by value, when the program runs.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use auth_all::grant::TokenRequest;
use auth_all::transport::{HttpTransport, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ServerConfig, ServerConnection, StreamOwned};

/// The cipher suites that a client offers, by which the test distinguishes the libraries.
type Offered = BTreeSet<u16>;

#[derive(Debug)]
struct Watching {
    key: Arc<CertifiedKey>,
    offered: Arc<Mutex<Vec<Offered>>>,
}

impl ResolvesServerCert for Watching {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let suites = hello.cipher_suites().iter();
        let offered = suites.map(|suite| u16::from(*suite)).collect();
        self.offered.lock().unwrap().push(offered);
        Some(Arc::clone(&self.key))
    }
}

/// Starts a token endpoint that serves `clients` clients; returns its port, its authority and what they offer.
fn endpoint(clients: usize) -> (u16, String, Arc<Mutex<Vec<Offered>>>) {
    let mut params = CertificateParams::default();
    // A name of its own: a certificate with the name of its authority counts as self-signed.
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = ring::sign::any_supported_type(&key).unwrap();
    let key = CertifiedKey::new(vec![certificate.der().clone()], key);
    let offered = Arc::<Mutex<Vec<Offered>>>::default();
    let watching = Watching {
        key: Arc::new(key),
        offered: Arc::clone(&offered),
    };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(watching));
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().take(clients) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line).unwrap();
            }
            let body = r#"{"access_token":"abc","token_type":"bearer"}"#;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
            let length = body.len();
            let response = format!("{head}content-length: {length}\r\n\r\n{body}");
            stream.get_mut().write_all(response.as_bytes()).unwrap();
        }
    });
    (port, authority.pem(), offered)
}

#[test]
fn a_program_chooses_the_tls_library_when_it_runs() {
    let (port, authority, offered) = endpoint(2);
    let request = TokenRequest::query(format!("https://localhost:{port}/token"));
    for tls in [Tls::rustls(), Tls::native()] {
        let http = HttpTransport::builder()
            .no_proxy()
            .tls(tls.only_authorities(authority.clone()));
        let tokens = request.send(&http.build().unwrap()).unwrap();
        assert_eq!(tokens.access_token.expose(), "abc");
    }
    // rustls never offers a suite of this kind; the libraries of operating systems still do.
    let cbc = u16::from(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA);
    let offered = offered.lock().unwrap();
    let with_cbc: Vec<bool> = offered.iter().map(|suites| suites.contains(&cbc)).collect();
    assert_eq!(with_cbc, [false, true]);
}
