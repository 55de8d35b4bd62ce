//! The URLs that requests are sent to, and who can read them on the way.

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

fn parsed(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    uri.scheme()?;
    let authority = uri.authority()?;
    // A port that is no number is taken for none.
    let host_and_port = authority.as_str().rsplit('@').next()?;
    let port = host_and_port.strip_prefix(authority.host())?;
    let is_fit = !authority.host().is_empty()
        && (matches!(port, "" | ":") || authority.port_u16().is_some());
    is_fit.then_some(uri)
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
        ] {
            assert!(!is_url(text), "{text}");
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
