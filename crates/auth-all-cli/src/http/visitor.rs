//! Checks of the sender: a program of this user may send requests, and a web page in their browser may not.
//!
//! A browser says so: it sends `Origin` with everything that a page can change, and `Sec-Fetch-Site` with everything that a
//! page asks for. A page whose name was pointed at this machine (DNS rebinding) sends that name as `Host`.

use auth_all::Secret;
use auth_all::http::header::{HOST, HeaderName, ORIGIN};
use auth_all::http::{HeaderValue, StatusCode};

use super::{Head, Refusal};

/// The header that has the content of `--key-file`.
pub(crate) const KEY_HEADER: HeaderName = HeaderName::from_static("auth-all-key");

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Checks of each request.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// The names of the listener; `None` if any will do, as on a Unix socket.
    pub(crate) hosts: Option<Vec<String>>,
    /// The origins whose web pages may send requests.
    pub(crate) origins: Vec<String>,
    /// The key that clients must show.
    pub(crate) key: Option<Secret>,
}

impl Rules {
    /// Returns the web page's origin, if it has one and is allowed.
    pub(super) fn check(&self, head: &Head) -> Result<Option<HeaderValue>, Refusal> {
        if let Some(hosts) = &self.hosts {
            let host = head
                .headers
                .get(HOST)
                .map_or(&b""[..], HeaderValue::as_bytes);
            let is_ours = |known: &String| known.as_bytes().eq_ignore_ascii_case(host);
            if !hosts.iter().any(is_ours) {
                let words = format!("`Host` is not one of {}", hosts.join(", "));
                return Err(Refusal::new(StatusCode::FORBIDDEN, words));
            }
        }
        let mut origins = head.headers.get_all(ORIGIN).iter();
        let origin = origins.next();
        let is_allowed = origin.is_some_and(|origin| {
            let known = |known: &String| known.as_bytes() == origin.as_bytes();
            self.origins.iter().any(known)
        });
        if origin.is_some() && (!is_allowed || origins.next().is_some()) {
            return Err(forbidden(
                "a web page sent this request (`Origin`); `--allow-origin` allows those of one origin",
            ));
        }
        // `none` is a person who typed the address.
        let mut sites = head.headers.get_all(SEC_FETCH_SITE).iter();
        if !is_allowed && !sites.all(|site| site.as_bytes() == b"none") {
            return Err(forbidden("a web page sent this request (`Sec-Fetch-Site`)"));
        }
        if let Some(key) = &self.key {
            // A browser asks without the key whether a page may send it.
            let is_question = is_allowed && is_preflight(head);
            let shown = head
                .headers
                .get(&KEY_HEADER)
                .and_then(|key| key.to_str().ok());
            if !is_question && shown.is_none_or(|shown| Secret::new(shown) != *key) {
                return Err(forbidden(
                    "the header `Auth-All-Key` must have the content of the proxy's `--key-file`",
                ));
            }
        }
        Ok(origin.cloned())
    }
}

/// Returns `true` if a browser asks whether a page of an allowed origin may send a request.
pub(crate) fn is_preflight(head: &Head) -> bool {
    head.method == auth_all::http::Method::OPTIONS
        && head.headers.contains_key(ORIGIN)
        && head.headers.contains_key("access-control-request-method")
}

fn forbidden(words: &'static str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::head;

    fn check(rules: &Rules, fields: &str) -> Result<Option<HeaderValue>, u16> {
        let text = format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
        let (head, _) = head::parse(text.as_bytes()).unwrap().unwrap();
        rules
            .check(&head)
            .map_err(|refusal| refusal.status.as_u16())
    }

    fn rules() -> Rules {
        Rules {
            hosts: Some(vec![
                "127.0.0.1:8080".to_owned(),
                "localhost:8080".to_owned(),
            ]),
            ..Rules::default()
        }
    }

    #[test]
    fn a_host_is_that_of_the_listener() {
        for host in ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080"] {
            assert_eq!(
                check(&rules(), &format!("Host: {host}")),
                Ok(None),
                "{host}"
            );
        }
        for host in [
            "evil.example:8080",
            "127.0.0.1",
            "127.0.0.1:8081",
            "localhost:8080.evil",
            "",
        ] {
            assert_eq!(
                check(&rules(), &format!("Host: {host}")),
                Err(403),
                "{host}"
            );
        }
        assert_eq!(check(&Rules::default(), "Host: api.example.com"), Ok(None));
    }

    #[test]
    fn a_web_page_is_refused() {
        for field in [
            "Origin: https://evil.example",
            "Origin: null",
            "Origin: http://127.0.0.1:8080",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
            "Sec-Fetch-Site: same-origin",
            "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site",
        ] {
            assert_eq!(
                check(&Rules::default(), &format!("Host: h\r\n{field}")),
                Err(403),
                "{field}"
            );
        }
        assert_eq!(
            check(&Rules::default(), "Host: h\r\nSec-Fetch-Site: none"),
            Ok(None)
        );
    }

    #[test]
    fn a_page_of_an_allowed_origin_is_not_refused() {
        let page = "http://localhost:3000";
        let rules = Rules {
            origins: vec![page.to_owned()],
            ..Rules::default()
        };
        let allowed = check(
            &rules,
            &format!("Host: h\r\nOrigin: {page}\r\nSec-Fetch-Site: cross-site"),
        );
        assert_eq!(allowed, Ok(Some(HeaderValue::from_static(page))));
        let two = format!("Host: h\r\nOrigin: {page}\r\nOrigin: https://evil.example");
        assert_eq!(check(&rules, &two), Err(403));
        assert_eq!(
            check(&rules, "Host: h\r\nSec-Fetch-Site: cross-site"),
            Err(403)
        );
    }

    #[test]
    fn a_key_must_be_shown() {
        let rules = Rules {
            key: Some(Secret::new("0123456789abcdef")),
            ..Rules::default()
        };
        assert_eq!(check(&rules, "Host: h"), Err(403));
        assert_eq!(
            check(&rules, "Host: h\r\nAuth-All-Key: 0123456789abcdeg"),
            Err(403)
        );
        assert_eq!(
            check(&rules, "Host: h\r\nAuth-All-Key: 0123456789abcdef"),
            Ok(None)
        );
    }
}
