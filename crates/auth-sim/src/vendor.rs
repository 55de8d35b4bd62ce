//! Which server it is.

use crate::{aerion, aeris, ermeo, generic};

/// Whose server is simulated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Vendor {
    /// Password and refresh grants in forms, and a tenant header.
    Aerion,
    /// A GET with the secrets in its query, and an absolute expiry.
    Aeris,
    /// JSON bodies, and refresh tokens that work once.
    Ermeo,
    /// An OAuth 2.0 authorization server with five grants.
    Generic,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Aerion, Self::Aeris, Self::Ermeo, Self::Generic];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aerion => "aerion",
            Self::Aeris => "aeris",
            Self::Ermeo => "ermeo",
            Self::Generic => "generic",
        }
    }

    /// The path of the token endpoint.
    pub fn token_path(self) -> &'static str {
        match self {
            Self::Aerion => aerion::TOKEN_PATH,
            Self::Aeris => aeris::TOKEN_PATH,
            Self::Ermeo => ermeo::TOKEN_PATH,
            Self::Generic => generic::TOKEN_PATH,
        }
    }
}
