//! PEM (RFC 7468), also as it arrives through environment variables, secret stores and editors.

use auth_core::{Error, Result, Secret};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Decodes the private key in a text, which is PKCS#8 (RFC 5958) in DER.
///
/// The line breaks of the text may have become `\n` in two characters, spaces or nothing; quotes may stand around
/// it; the whole may be encoded in base64 once more, or be the base64 of the key alone.
pub(super) fn private_key(text: &Secret) -> Result<Zeroizing<Vec<u8>>> {
    if text.expose().trim().is_empty() {
        return Err(Error::configuration(
            "the private key is empty (is a variable not set?); pass the text of its file (`BEGIN PRIVATE KEY`)",
        ));
    }
    let mut text = Zeroizing::new(text.expose().to_owned());
    for _ in 0..=MOST_LAYERS {
        if let Some((inside, _)) = block(&text, "PRIVATE KEY") {
            return decoded(inside).ok_or_else(damaged);
        }
        if let Some(way_out) = another_kind(&text) {
            return Err(Error::configuration(way_out));
        }
        let Some(bytes) = decoded(&text).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        match std::str::from_utf8(&bytes) {
            Ok(inner) => text = Zeroizing::new(inner.to_owned()),
            // Not a text, so it may be the key itself; who reads it finds out.
            Err(_) => return Ok(bytes),
        }
    }
    Err(Error::configuration(format!(
        "the private key is not PEM (`BEGIN PRIVATE KEY`); pass the text of the file, not its path; {CONVERT}"
    )))
}

/// Decodes every certificate in a file, in its order; the first is the key's own.
#[cfg(feature = "jwt")]
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=MOST_LAYERS {
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(_) if bytes[0] == SEQUENCE => return Ok(vec![bytes]),
            Err(_) => break,
        };
        let mut rest = text;
        let mut certificates = Vec::new();
        while let Some((inside, behind)) = block(rest, "CERTIFICATE") {
            certificates.push(decoded(inside).ok_or_else(no_certificate)?.to_vec());
            rest = behind;
        }
        if !certificates.is_empty() {
            return Ok(certificates);
        }
        let inner = decoded(text).filter(|bytes| !bytes.is_empty());
        bytes = inner.ok_or_else(no_certificate)?.to_vec();
    }
    Err(no_certificate())
}

/// The text between the markers of the first block with this label, and the text behind it.
fn block<'a>(text: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let (_, after) = marker(text, "BEGIN", label)?;
    marker(after, "END", label)
}

/// The text before and after a marker, such as `-----BEGIN PRIVATE KEY-----`, whose spaces may have been lost.
fn marker<'a>(text: &'a str, word: &str, label: &str) -> Option<(&'a str, &'a str)> {
    let spaced = format!("{DASHES}{word} {label}{DASHES}");
    let bare: String = spaced.split(' ').collect();
    text.split_once(&spaced).or_else(|| text.split_once(&bare))
}

/// The bytes of a base64 text, without what line breaks and quotes have become.
fn decoded(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // With room for all of it, so that neither grows and leaves a copy behind.
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                characters.next_if(|next| matches!(next, 'n' | 'r' | 't'));
            }
            '"' | '\'' | '\u{feff}' | '\u{200b}' => {}
            _ if character.is_whitespace() => {}
            _ => base64.push(character),
        }
    }
    let engine = if base64.contains(['-', '_']) {
        BASE64_URL
    } else {
        BASE64
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(base64.len()));
    // The decoder's own error would quote a character of the key.
    engine.decode_vec(base64.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

/// Advice for a text that holds something else than a private key in PKCS#8.
fn another_kind(text: &str) -> Option<String> {
    let is = |label: &str| marker(text, "BEGIN", label).is_some();
    let what = if is("RSA PRIVATE KEY") {
        "is in PKCS#1 (`BEGIN RSA PRIVATE KEY`)"
    } else if is("EC PRIVATE KEY") {
        "is in SEC 1 (`BEGIN EC PRIVATE KEY`)"
    } else if is("ENCRYPTED PRIVATE KEY") {
        "is encrypted (`BEGIN ENCRYPTED PRIVATE KEY`)"
    } else if is("DSA PRIVATE KEY") {
        return Some("the private key is for DSA, which no JWT is signed with".into());
    } else if is("OPENSSH PRIVATE KEY") {
        return Some(
            "the private key is one of OpenSSH; `ssh-keygen -p -m PKCS8 -N '' -f KEY` converts a copy of it".into(),
        );
    } else if text.contains("PuTTY-User-Key-File") {
        return Some("the private key is one of PuTTY; `puttygen` exports it for OpenSSH".into());
    } else if is("PUBLIC KEY") || is("RSA PUBLIC KEY") || is("CERTIFICATE") {
        return Some(
            "this is a public key or a certificate; pass the private key that belongs to it (`BEGIN PRIVATE KEY`)"
                .into(),
        );
    } else if text.contains("\"kty\"") {
        return Some("the private key is a JWK; `SigningKey::from_jwk` reads it".into());
    } else if text.contains(DASHES) && text.contains("PRIVATE KEY") {
        "is not whole"
    } else {
        return None;
    };
    Some(format!("the private key {what}; {CONVERT}"))
}

fn damaged() -> Error {
    Error::configuration(
        "the private key between `BEGIN PRIVATE KEY` and `END PRIVATE KEY` is not base64, as PEM has it; pass the \
         file as it is (line breaks may be `\\n`, spaces or missing)",
    )
}

#[cfg(feature = "jwt")]
fn no_certificate() -> Error {
    Error::configuration(
        "the certificate is not PEM (`BEGIN CERTIFICATE`); pass the text of the file, not its path; `openssl x509 \
         -in CERTIFICATE -out certificate.pem` converts others",
    )
}

const CONVERT: &str = "`openssl pkcs8 -topk8 -nocrypt -in KEY -out key.pem` makes one of PKCS#1, SEC 1 or encrypted keys";
const DASHES: &str = "-----";
/// The first byte of a certificate in DER.
#[cfg(feature = "jwt")]
const SEQUENCE: u8 = 0x30;
/// A secret store encodes what may have been encoded to get there.
const MOST_LAYERS: usize = 2;
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
