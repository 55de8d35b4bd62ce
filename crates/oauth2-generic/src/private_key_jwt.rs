//! A client that signs what it says of itself.

use auth_core::grant::TokenRequest;

use crate::assertion::{Assertions, assertion_settings};
use crate::client::Client;
use crate::signing_key::SigningKey;

/// Client authentication by a signed assertion, `private_key_jwt` (RFC 7523 §2.2).
///
/// The server knows the public key; nothing that it could lose, or that somebody on the way could keep,
/// is good for another login. Each sending has an assertion of its own, which lives for a minute.
///
/// ```no_run
/// use oauth2_generic::{Client, ClientAuth, PrivateKeyJwt, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::from_pkcs8_pem(std::fs::read_to_string("client.pem")?)?.key_id("2026-01");
/// let client = Client {
///     token_endpoint: "https://login.example.com/token".into(),
///     client_id: "batch".into(),
///     client_auth: ClientAuth::PrivateKeyJwt(PrivateKeyJwt::new(key)),
///     ..Client::default()
/// };
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PrivateKeyJwt {
    assertions: Assertions,
}

impl PrivateKeyJwt {
    /// Assertions signed with this key.
    pub fn new(key: SigningKey) -> Self {
        let assertions = Assertions::new(key);
        Self { assertions }
    }

    assertion_settings!();

    pub(crate) fn algorithm(&self) -> &'static str {
        self.assertions.key.algorithm()
    }

    /// The request with an assertion that the client is this one (RFC 7523 §2.2).
    pub(crate) fn show(&self, client: &Client, request: TokenRequest) -> TokenRequest {
        let claims = ["iss", "sub"].map(|name| (name.into(), client.client_id.as_str().into()));
        let request = request.param("client_assertion_type", JWT_BEARER);
        let assertions = &self.assertions;
        assertions.add(
            "client_assertion",
            claims.into_iter().collect(),
            client,
            request,
        )
    }
}

impl PartialEq for PrivateKeyJwt {
    /// Whether both sign with the same key in the same way.
    fn eq(&self, other: &Self) -> bool {
        self.assertions.print() == other.assertions.print()
    }
}

/// RFC 7523 §2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
