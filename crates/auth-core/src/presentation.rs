//! Presentation of a token to an API: the header that holds it, and the scheme before it.

use http::HeaderName;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::token::TokenType;

/// Where a token goes in a request to an API.
#[derive(Clone, Debug)]
pub(crate) struct Presentation {
    header: HeaderName,
    scheme: Scheme,
}

/// As RFC 6750 and RFC 9449 have it.
pub(crate) static PLAIN: Result<Presentation> = Ok(Presentation {
    header: AUTHORIZATION,
    scheme: Scheme::OfType,
});

/// The word before a token.
#[derive(Clone, Debug)]
enum Scheme {
    /// `Bearer` or `DPoP`, by the type of the token.
    OfType,
    Word(String),
    /// The token stands alone.
    None,
}

impl Presentation {
    /// Reads the settings of a [`Policy`](crate::grant::Policy).
    pub(crate) fn new(
        header: Option<&str>,
        scheme: Option<&str>,
        binds_tokens: bool,
    ) -> Result<Self> {
        if binds_tokens && (header.is_some() || scheme.is_some()) {
            return Err(Error::configuration(
                "a token that is bound to a key goes into `Authorization: DPoP` (RFC 9449); leave out `token_header` \
                 and `token_scheme`, or the key",
            ));
        }
        let scheme = match (scheme, header) {
            (Some(word), _) => Scheme::Word(word_of(word)?),
            (None, Some(_)) => Scheme::None,
            (None, None) => Scheme::OfType,
        };
        Ok(Self {
            header: header.map_or(Ok(AUTHORIZATION), header_of)?,
            scheme,
        })
    }

    pub(crate) fn header(&self) -> &HeaderName {
        &self.header
    }

    /// The bytes of the header's value, and where the token begins in them.
    pub(crate) fn value(
        &self,
        token_type: TokenType,
        access_token: &str,
    ) -> (Zeroizing<Vec<u8>>, usize) {
        let word = match &self.scheme {
            Scheme::OfType => token_type.name(),
            Scheme::Word(word) => word,
            Scheme::None => "",
        };
        let start = if word.is_empty() { 0 } else { word.len() + 1 };
        let mut value = Zeroizing::new(Vec::with_capacity(start + access_token.len()));
        if start > 0 {
            value.extend_from_slice(word.as_bytes());
            value.push(b' ');
        }
        value.extend_from_slice(access_token.as_bytes());
        (value, start)
    }
}

impl Default for Presentation {
    /// `Authorization: Bearer` or `Authorization: DPoP`.
    fn default() -> Self {
        Self {
            header: AUTHORIZATION,
            scheme: Scheme::OfType,
        }
    }
}

fn header_of(name: &str) -> Result<HeaderName> {
    let header = HeaderName::from_bytes(name.as_bytes()).ok();
    header
        .filter(|name| !FRAMING.contains(name) && *name != "dpop")
        .ok_or_else(|| {
            Error::configuration(
                "`token_header` is not the name of a header that may hold a token; write it as the API's \
                 documentation does, without a colon",
            )
        })
}

/// RFC 9110 §11.1: a scheme is a token, of the characters of RFC 9110 §5.6.2.
fn word_of(scheme: &str) -> Result<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if scheme.is_empty() || !scheme.bytes().all(is_token) {
        return Err(Error::configuration(
            "`token_scheme` is not one word, such as `Token`; for a token without a word before it, set \
             `token_header` alone",
        ));
    }
    Ok(scheme.to_owned())
}

/// Headers that control the framing of a message.
const FRAMING: [HeaderName; 8] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
