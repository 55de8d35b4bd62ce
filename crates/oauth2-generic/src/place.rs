//! The URLs that requests are sent to, and who can read them on the way.

use std::net::{Ipv4Addr, Ipv6Addr};

use auth_core::http::Uri;
use auth_core::transport::Origin;
use percent_encoding::percent_decode_str;

/// Returns `true` for an absolute URL with a host, as a request needs it.
pub(crate) fn is_url(text: &str) -> bool {
    parsed(text).is_some()
}

/// Returns `true` if no one on the way can read a request to a URL: https, or plain http on this machine.
pub(crate) fn is_private(text: &str, allow_http: bool) -> bool {
    let origin = parsed(text).and_then(|uri| Origin::of(&uri));
    origin.is_some_and(|origin| allow_http || origin.is_private())
}

/// Returns `true` for a URL that begins with https.
pub(crate) fn is_https(text: &str) -> bool {
    parsed(text).is_some_and(|uri| uri.scheme_str() == Some("https"))
}

/// Returns `true` for two spellings of one URL, which differ in case or port.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let parts = |text| {
        let uri = parsed(text)?;
        let path = uri.path_and_query().map(|path| path.as_str().to_owned());
        Some((Origin::of(&uri)?, path))
    };
    parts(one).is_some_and(|one| Some(one) == parts(other))
}

/// The parameters in the query of a URL (RFC 6749 Appendix B).
pub(crate) fn query(url: &str) -> Vec<(String, String)> {
    let url = url.split('#').next().unwrap_or_default();
    let (_, query) = url.split_once('?').unwrap_or_default();
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// The scheme of a text, in small letters (RFC 3986 §3.1).
pub(crate) fn scheme(text: &str) -> Option<String> {
    let (scheme, _) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

/// A URL in which a browser and the client that sends requests see the same host. A browser also repairs one that has an
/// encoded host or a number for an address; the rest of what it repairs is not a URL here.
fn parsed(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    uri.scheme()?;
    let authority = uri.authority()?;
    // A port that is not a number counts as none.
    let host_and_port = authority.as_str().rsplit('@').next()?;
    let port = host_and_port.strip_prefix(authority.host())?;
    let is_port = matches!(port, "" | ":") || authority.port_u16().is_some();
    (is_port && is_host(authority.host())).then_some(uri)
}

/// Returns `true` for a name or an address that has one reading.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let Some(address) = address.strip_suffix(']') else {
            return false;
        };
        let found = address.parse::<Ipv6Addr>();
        return found.is_ok_and(|found| found.to_string().eq_ignore_ascii_case(address));
    }
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next();
    let last = last.unwrap_or_default().to_ascii_lowercase();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number {
        // Also for an empty label.
        return host.parse::<Ipv4Addr>().is_ok();
    }
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    host.bytes().all(is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_host_and_a_port_that_is_one() {
        for url in [
            "https://x.example",
            "HTTPS://x.example:/p?q#f",
            "https://ada:pw@x.example:8443/p",
            "http://[::1]:80",
        ] {
            assert!(is_url(url), "{url}");
        }
        for text in [
            "",
            "x.example/p",
            "//x.example",
            "/p",
            "https:///p",
            "https:p",
            "https://x.example:99999",
            "https://x.example:p",
            "https:\\\\x.example",
            "https://x .example",
            " https://x.example",
            "https://l\u{f6}gin.example",
            "javascript:alert(1)",
            "https://login%2eexample",
            "https://127.1",
            "https://0x7f.1",
            "https://2130706433",
            "https://127.0.0.01",
            "https://127.0.0.1.",
            "https://.",
            "https://[::1",
            "https://[login.example]",
        ] {
            assert!(!is_url(text), "{text}");
        }
    }

    #[cfg(feature = "authorization_code")]
    #[test]
    fn a_browser_sees_the_same_host() {
        for byte in 0..=127_u8 {
            for host in ["a*b.example", "127.*", "*1.0.0.1", "a.0x*", "[::*]"] {
                let host = host.replace('*', &char::from(byte).to_string());
                let url = format!("https://{host}/p");
                if let Some(written) = parsed(&url) {
                    let seen = crate::authorize::normal(&url).unwrap();
                    let seen = parsed(&seen).unwrap();
                    assert_eq!(Origin::of(&seen), Origin::of(&written), "{url}");
                }
            }
        }
    }

    #[test]
    fn plain_http_is_private_on_this_machine_alone() {
        for (url, expected) in [
            ("https://x.example", true),
            ("http://127.0.0.1:3000/p", true),
            ("http://[::1]", true),
            ("http://localhost", false),
            ("http://127.0.0.1@x.example", false),
            ("http://x.example", false),
            ("ftp://x.example", false),
        ] {
            assert_eq!(is_private(url, false), expected, "{url}");
        }
        assert!(is_private("http://x.example", true));
        assert!(!is_private("ftp://x.example", true));
    }

    #[test]
    fn a_query_is_decoded_once() {
        let pairs = query("https://x.example/p?a=1+2&b=%2526&&c&d=#e=5");
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(pairs, [("a", "1 2"), ("b", "%26"), ("c", ""), ("d", "")]);
        assert!(query("https://x.example/p").is_empty());
    }

    #[test]
    fn spellings_of_one_url_are_the_same() {
        let url = "https://x.example/p";
        assert!(is_same(url, "HTTPS://X.example:443/p"));
        assert!(!is_same(url, "https://x.example/P"));
        assert!(!is_same(url, "http://x.example/p") && !is_same("p", "p"));
    }
}
