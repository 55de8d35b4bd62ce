//! Small changes of an input, as libFuzzer makes them: bits, bytes, pieces of other inputs, words of a dictionary.

use fastrand::Rng;

/// Returns a changed copy of an input, in which pieces of the others may be.
pub(crate) fn changed(rng: &mut Rng, input: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    // One change finds how a parser judges a byte, several find what it does with the rest.
    for _ in 0..1 + rng.usize(..8).saturating_sub(3) {
        change(rng, &mut bytes, others);
    }
    if rng.usize(..SELDOM) == 0 {
        swell(rng, &mut bytes);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    let at = rng.usize(..=bytes.len());
    let end = (at + rng.usize(1..=32)).min(bytes.len());
    match rng.u8(..11) {
        0 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
        1 if at < bytes.len() => bytes[at] = rng.u8(..),
        2 if at < bytes.len() => bytes[at] = ODD[rng.usize(..ODD.len())],
        3 => drop(bytes.drain(at..end)),
        4 => bytes.truncate(at),
        5 => {
            let piece = bytes[at..end].to_vec();
            let place = rng.usize(..=bytes.len());
            insert(bytes, place, &piece);
        }
        6 => {
            let other = &others[rng.usize(..others.len())];
            let from = rng.usize(..=other.len());
            let to = (from + rng.usize(1..=64)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
        7 => {
            let other = &others[rng.usize(..others.len())];
            bytes.truncate(at);
            bytes.extend_from_slice(&other[rng.usize(..=other.len())..]);
        }
        8 => insert(
            bytes,
            at,
            ODD_NUMBERS[rng.usize(..ODD_NUMBERS.len())].as_bytes(),
        ),
        9 => bytes.insert(at, ODD[rng.usize(..ODD.len())]),
        _ => {
            let words = WORDS.len();
            insert(bytes, at, WORDS[rng.usize(..words)].as_bytes());
        }
    }
}

/// Repeats a piece until the input is large: what is quadratic in its length shows there.
fn swell(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let at = rng.usize(..=bytes.len());
    let end = (at + rng.usize(1..=24)).min(bytes.len());
    let piece = bytes[at..end].to_vec();
    if !piece.is_empty() {
        let size = rng.usize(LONGEST / 16..LONGEST);
        insert(bytes, at, &piece.repeat(size / piece.len()));
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// Returns the shortest part of an input that still fails, as far as leaving out pieces finds it.
pub(crate) fn shortest(input: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut bytes = input.to_vec();
    let mut tries = MOST_TRIES;
    let mut size = bytes.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < bytes.len() && tries > 0 {
            tries -= 1;
            let end = (at + size).min(bytes.len());
            let shorter = [&bytes[..at], &bytes[end..]].concat();
            match fails(&shorter) {
                true => bytes = shorter,
                false => at = end,
            }
        }
        size /= 2;
    }
    bytes
}

/// Bytes that end, begin or escape something.
const ODD: &[u8] = b"\0\t\n\r \"%&'(),-./:;<=>?@[\\]_`{}~\x7f\x80\xbf\xc3\xed\xfe\xff01Zz";
const ODD_NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1e308",
    "1e-308",
    "1e999",
    "0.5",
    "255",
    "65536",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1999999999",
    "99999999999999999999",
    "-0",
];
/// Words that parsers look for, and the secrets of the requests.
const WORDS: &[&str] = &[
    "canary7QzClientSecret",
    "canary7QzPassword",
    "canary7QzRefreshToken",
    "canary7QzStateOfThisLogin",
    "canary7QzCodeOfTheRedirect",
    "\"error\":\"invalid_grant\",",
    "\"error_description\":\"",
    "\"message\":\"",
    "\"access_token\":",
    "\"token_type\":\"bearer\",",
    "\"refresh_token\":",
    "\"expires_in\":",
    "\"refreshToken\":{\"value\":",
    "\"errors\":[{",
    "\"active\":true,",
    "{\"",
    "\":",
    "null",
    "true",
    "[[",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{feff}",
    "%00",
    "%ff",
    "%25",
    "%0d%0a",
    "&state=",
    "&code=",
    "&error=",
    "&iss=",
    "access_token=",
    "#",
    "?",
    "://",
    "https://",
    "http://127.0.0.1",
    "[::1]",
    "xn--",
    "user:pass@",
    "sslmode=require",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "-----END CERTIFICATE-----",
    "\nRetry-After: ",
    "\nDate: ",
    "\nDPoP-Nonce: ",
    "\nWWW-Authenticate: DPoP error=\"use_dpop_nonce\"",
    "HTTP/1.1 ",
    "\n\n",
    "\r\n\r\n",
    "\n%%\n",
    "GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "auth-all",
];
/// As long as the largest response that is read.
const LONGEST: usize = 256 * 1024;
/// One input in so many is large.
const SELDOM: usize = 200;
const MOST_TRIES: u32 = 3000;
