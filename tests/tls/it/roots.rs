//! The authorities that a library trusts by itself: the value decides, not the features.

use std::env;
use std::fs;
use std::process::Command;

use auth_all::transport::Tls;
use tls_tests::authority::Authority;
use tls_tests::endpoint::{Turn, endpoint, https};

use crate::{ANSWER, Kind, compiled_in, reason, with};

/// Names the server to the process whose system trusts it.
const SERVER: &str = "TLS_TESTS_SERVER";

/// On Linux the system's authorities are those of `SSL_CERT_FILE`, which is read at the start of a process.
#[test]
fn the_value_decides_whether_the_system_is_trusted() {
    let Some(url) = env::var(SERVER).ok() else {
        return in_a_process_that_trusts_a_server();
    };
    let mut libraries = compiled_in();
    if cfg!(feature = "rustls") {
        libraries.push(Tls::default());
    }
    for library in libraries {
        let who = format!("{library:?}");
        for kind in Kind::ALL {
            let outcome = kind.send(&url, with(library.clone()).build().unwrap());
            if who.contains("library: rustls") {
                let error = outcome.unwrap_err();
                let unknown = "invalid peer certificate: UnknownIssuer";
                assert_eq!(reason(&error, &who), unknown, "{who}, {kind:?}");
            } else {
                outcome.unwrap_or_else(|error| panic!("{who}, {kind:?}: {error:?}"));
            }
        }
    }
}

/// Runs the test again, in a process whose system knows the authority of one server.
fn in_a_process_that_trusts_a_server() {
    let authority = Authority::new("of the system");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    fs::write(&file, authority.pem()).unwrap();
    let server = authority.server();
    let endpoint = endpoint((0..16).map(|_| Turn::Tls(server.clone(), ANSWER.to_owned())));
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "roots::the_value_decides_whether_the_system_is_trusted",
        ])
        .env(SERVER, https(&endpoint))
        .env("SSL_CERT_FILE", &file)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("1 passed"), "{printed}");
    let visits = endpoint.all();
    let heard = visits.iter().filter(|visit| !visit.heard().is_empty());
    let of_the_system = compiled_in().len() - usize::from(cfg!(feature = "rustls"));
    assert_eq!(heard.count(), of_the_system * Kind::ALL.len(), "{visits:?}");
}
