//! Knowledge of servers for proofs: their nonces, and the difference of their clocks.

use std::collections::BTreeMap;

use auth_core::clock::UnixTime;
use auth_core::grant::ProofResponse;
use auth_core::http::HeaderMap;
use auth_core::http::header::WWW_AUTHENTICATE;

use crate::signing::ServerClock;

/// Each server by its origin; they are as many as endpoints and APIs.
#[derive(Debug, Default)]
pub(super) struct Servers(BTreeMap<String, Server>);

#[derive(Debug, Default)]
struct Server {
    nonce: Option<String>,
    clock: ServerClock,
}

impl Servers {
    /// The nonce for the next proof, and this second by the server's clock.
    pub(super) fn known(&mut self, origin: &str, now: UnixTime) -> (Option<String>, u64) {
        let server = self.0.entry(origin.to_owned()).or_default();
        (server.nonce.clone(), server.clock.now(now))
    }

    /// Returns `true` if a proof was refused, and the next one is better.
    pub(super) fn learn(&mut self, origin: String, response: &ProofResponse<'_>) -> bool {
        let server = self.0.entry(origin).or_default();
        let headers = response.headers;
        let nonce = nonce(headers);
        let has_nonce = nonce.is_some();
        server.nonce = nonce.or(server.nonce.take());
        let says = |code: &str| match response.refusal {
            Some(refusal) => refusal.code.to_string() == code,
            None => challenges(headers, code),
        };
        if says("use_dpop_nonce") {
            server.correct_clock(headers, TOLERANCE);
            return has_nonce;
        }
        says("invalid_dpop_proof") && server.correct_clock(headers, SLOW)
    }
}

impl Server {
    /// Returns `true` if our clock was off.
    fn correct_clock(&mut self, headers: &HeaderMap, tolerance: u64) -> bool {
        self.clock.corrected(headers, tolerance).is_some()
    }
}

/// The nonce of a response (RFC 9449 §8.1), if it is one.
fn nonce(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("dpop-nonce")?.to_str().ok()?;
    let is_nonce = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let fits = (1..=LONGEST_NONCE).contains(&text.len());
    (fits && text.bytes().all(is_nonce)).then(|| text.to_owned())
}

/// Returns `true` if an API names this error in a challenge (RFC 9449 §7.1), in quotes or not.
fn challenges(headers: &HeaderMap, code: &str) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|challenge| {
        let text = challenge.to_str().unwrap_or_default();
        let bare: String = text.chars().filter(|it| !" \t\"".contains(*it)).collect();
        bare.match_indices("error=")
            .any(|(at, name)| bare[at + name.len()..].split(',').next() == Some(code))
    })
}

/// The time that a response may take on its way. Servers accept proofs that are some tens of seconds old.
const TOLERANCE: u64 = 10;
/// That time where the server has just refused a proof: some accept none that is a second early by their clock.
const SLOW: u64 = 1;
const LONGEST_NONCE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_from_a_challenge_as_a_whole_word() {
        for (challenge, says) in [
            (r#"DPoP error="use_dpop_nonce""#, true),
            (
                r#"Bearer realm="a", DPoP error="use_dpop_nonce", algs="ES256""#,
                true,
            ),
            ("DPoP algs=ES256, error=use_dpop_nonce", true),
            (r#"DPoP error="use_dpop_nonce_later""#, false),
            (r#"DPoP error="invalid_token""#, false),
            ("DPoP", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, challenge.parse().unwrap());
            assert_eq!(challenges(&headers, "use_dpop_nonce"), says, "{challenge}");
        }
    }
}
