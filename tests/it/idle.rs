//! Memory that an idle session holds: a service may have a session for each customer.

use std::time::Duration;

use allocation_counter::measure;
use auth_core::grant::{Identity, Lifetime, Policy, TokenRequest, TokenResponse};
use auth_core::{Grant, Result, Secret, Session};

/// A login with secrets of this length.
#[derive(Debug)]
struct Customer {
    number: usize,
    length: usize,
}

impl Grant for Customer {
    fn identity(&self) -> Identity {
        Identity::new("idle").with("username", &self.number.to_string())
    }

    fn policy(&self) -> Policy {
        Policy::for_client()
    }

    fn login_request(&self) -> Result<TokenRequest> {
        let length = self.length;
        Ok(TokenRequest::from_fn([], move |_| {
            let mut response = TokenResponse::new(Secret::new("t".repeat(length)));
            response.lifetime = Lifetime::For(Duration::from_secs(3600));
            response.refresh_token = Some(Secret::from("r".repeat(length)));
            Ok(response)
        }))
    }
}

/// Returns the average number of bytes that a session with secrets of this length holds.
fn bytes(length: usize) -> i64 {
    let mut sessions = Vec::with_capacity(MANY);
    let customers = (0..MANY).map(|number| Customer { number, length });
    let memory = measure(|| {
        sessions.extend(customers.map(Session::new));
        for session in &sessions {
            session.token().unwrap();
        }
    });
    memory.bytes_current / i64::try_from(sessions.len()).unwrap()
}

/// The bound does not include the copies of its two secrets.
#[test]
fn an_idle_session_holds_at_most_900_bytes_beyond_secrets() {
    let _warm = bytes(1);
    let (short, long) = (bytes(100), bytes(200));
    // The access token is in the header and the record; the refresh token in the latter alone.
    let copies = (long - short) / 100;
    let beyond = short - 100 * copies;
    println!("{short} bytes: {copies} of each of two secrets, and {beyond}");
    assert!(copies == 3, "{copies} copies");
    assert!(beyond <= 900, "{beyond} bytes");
}

const MANY: usize = 1000;
