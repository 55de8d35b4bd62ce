//! What servers said of proofs: their nonces, and how far their clocks are from ours.

use std::collections::BTreeMap;

use auth_core::error::Refusal;
use auth_core::http::HeaderMap;
use auth_core::http::header::WWW_AUTHENTICATE;

use crate::signing::ServerClock;

/// What is known of each server, by its origin. They are as many as there are endpoints and APIs.
#[derive(Debug, Default)]
pub(super) struct Servers(BTreeMap<String, Server>);

#[derive(Debug, Default)]
struct Server {
    nonce: Option<String>,
    clock: ServerClock,
}

impl Servers {
    /// The nonce for the next proof, and the server's clock.
    pub(super) fn known(&self, origin: &str) -> (Option<String>, ServerClock) {
        let server = self.0.get(origin);
        server.map_or_else(Default::default, |server| {
            (server.nonce.clone(), server.clock)
        })
    }

    /// Whether a proof was refused, and the next one is better.
    pub(super) fn answered(
        &mut self,
        origin: String,
        headers: &HeaderMap,
        refusal: Option<&Refusal>,
        now: u64,
    ) -> bool {
        let server = self.0.entry(origin).or_default();
        let nonce = nonce(headers);
        let has_nonce = nonce.is_some();
        server.nonce = nonce.or(server.nonce.take());
        let says = |code: &str| match refusal {
            Some(refusal) => refusal.code.to_string() == code,
            None => challenges(headers, code),
        };
        if says("use_dpop_nonce") {
            server.set_clock(headers, now, TOLERANCE);
            return has_nonce;
        }
        says("invalid_dpop_proof") && server.set_clock(headers, now, SLOW)
    }
}

impl Server {
    /// Whether our clock was off.
    fn set_clock(&mut self, headers: &HeaderMap, now: u64, tolerance: u64) -> bool {
        self.clock.corrected(headers, now, tolerance).is_some()
    }
}

/// The nonce of an answer (RFC 9449 §8.1), if it is one.
fn nonce(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("dpop-nonce")?.to_str().ok()?;
    let is_nonce = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    let fits = (1..=LONGEST_NONCE).contains(&text.len());
    (fits && text.bytes().all(is_nonce)).then(|| text.to_owned())
}

/// Whether an API names this error in a challenge (RFC 9449 §7.1), in quotes or not.
fn challenges(headers: &HeaderMap, code: &str) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|challenge| {
        let text = challenge.to_str().unwrap_or_default();
        let bare: String = text.chars().filter(|it| !" \t\"".contains(*it)).collect();
        bare.match_indices("error=")
            .any(|(at, name)| bare[at + name.len()..].split(',').next() == Some(code))
    })
}

/// What an answer may take on its way. Servers accept proofs that are some tens of seconds old.
const TOLERANCE: u64 = 10;
/// The same where the server has just refused a proof: some accept none that is a second early by their clock.
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
