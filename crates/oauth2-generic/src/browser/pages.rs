//! Pages that the user sees in the browser.

use super::loopback::Address;
use super::request::Stray;
use super::words::{Tone, content};
use crate::client::{Client, origin};
use crate::metadata::Endpoint;

/// A response to a browser. None repeats anything of the request but an error code that a standard defines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Page {
    /// The token has arrived.
    LoggedIn,
    /// The user declined.
    Declined,
    /// The server refused, or its response cannot be trusted.
    BadResponse,
    /// The server refused the code.
    CodeRefused,
    /// The server could not be reached, or failed.
    ServerFailed,
    /// The application is not set up for this server.
    Misconfigured,
    /// Another browser was first.
    TooLate,
    NoIcon,
    /// The login continues to wait.
    Stray(Stray),
}

/// Names on the pages, as HTML.
#[derive(Debug)]
pub(super) struct Names {
    app: String,
    server: String,
    /// The address at which the login waits.
    here: String,
}

/// The whole response; without its body for a HEAD request (RFC 9110 §9.3.2).
pub(super) fn response(page: Page, names: &Names, head_only: bool) -> Vec<u8> {
    let (status, more) = status(page);
    let body = match page {
        // RFC 9110 §15.3.5: it has none.
        Page::NoIcon => return head(status, more, None).into_bytes(),
        page => names.render(page),
    };
    let head = head(status, more, Some(body.len()));
    let body = if head_only { "" } else { &body };
    (head + body).into_bytes()
}

fn status(page: Page) -> (&'static str, &'static str) {
    match page {
        Page::LoggedIn
        | Page::Declined
        | Page::BadResponse
        | Page::CodeRefused
        | Page::ServerFailed
        | Page::Misconfigured => ("200 OK", ""),
        Page::TooLate => ("409 Conflict", ""),
        Page::NoIcon => ("204 No Content", ""),
        Page::Stray(Stray::Host) => ("421 Misdirected Request", ""),
        Page::Stray(Stray::Path | Stray::OtherPath) => ("404 Not Found", ""),
        Page::Stray(Stray::Method | Stray::Post) => ("405 Method Not Allowed", "Allow: GET\r\n"),
        Page::Stray(Stray::TooLong) => ("431 Request Header Fields Too Large", ""),
        Page::Stray(_) => ("400 Bad Request", ""),
    }
}

fn head(status: &str, more: &str, length: Option<usize>) -> String {
    let length = length.map(|length| {
        format!("Content-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n")
    });
    let length = length.unwrap_or_default();
    format!(
        "HTTP/1.1 {status}\r\n{length}{more}\
         Cache-Control: no-store\r\n\
         Connection: close\r\n\
         Content-Security-Policy: default-src 'none'; style-src '{STYLE_HASH}'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n\
         Referrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\n\r\n"
    )
}

impl Names {
    pub(super) fn new(app_name: &str, client: &Client, address: &Address) -> Self {
        let app = match app_name {
            "" => "the application".to_owned(),
            name => strong(name),
        };
        let endpoint = client.endpoint(Endpoint::Authorization);
        let server = [client.server().name(), endpoint]
            .into_iter()
            .flatten()
            .find_map(host_of)
            .unwrap_or("the server");
        Self {
            app,
            server: strong(server),
            here: strong(address.without_query()),
        }
    }

    fn render(&self, page: Page) -> String {
        let (tone, title, text, next) = content(page);
        let (tone, colour, icon, role) = match tone {
            Tone::Good => ("good", "17703f", "M6 12.5l4 4 8-8.5", "status"),
            Tone::Calm => ("calm", "3b5584", "M12 11.25v6M12 6.75v.01", "status"),
            Tone::Bad => ("bad", "b3261e", "M12 6v7M12 17.25v.01", "alert"),
        };
        let code = match page {
            Page::Stray(Stray::Refusal(Some(code))) => format!(" ({code})"),
            _ => String::new(),
        };
        let text = self.fill(text, &code);
        let next = self.fill(&format!("You can close this window. {next}"), &code);
        fill(TEMPLATE, |name| match name {
            "title" => title,
            "text" => &text,
            "next" => next.trim_end(),
            "tone" => tone,
            "icon" => icon,
            "icon-colour" => colour,
            "role" => role,
            _ => "",
        })
    }

    fn fill(&self, text: &str, code: &str) -> String {
        fill(text, |name| match name {
            "app" => &self.app,
            "server" => &self.server,
            "here" => &self.here,
            "code" => code,
            _ => "",
        })
    }
}

/// Replaces marks, in one pass: inserted text is not searched for further marks.
fn fill<'a>(text: &str, value: impl Fn(&str) -> &'a str) -> String {
    let mut pieces = text.split("{{");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or(("", piece));
        filled.push_str(value(name));
        filled.push_str(rest);
    }
    filled
}

fn strong(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    format!("<strong>{escaped}</strong>")
}

/// Host and port of a URL, without a user name and password.
fn host_of(url: &str) -> Option<&str> {
    let (_, authority) = origin(url).split_once("://")?;
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

const TEMPLATE: &str = include_str!("page.html");
/// Of everything between `<style>` and `</style>` in the template.
const STYLE_HASH: &str = "sha256-/SK8ORj8DlizIy7CTvsZXiJVW5nwq+tOMB4OymFPGjk=";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;

    const ALL: [Page; 21] = [
        Page::LoggedIn,
        Page::Declined,
        Page::BadResponse,
        Page::CodeRefused,
        Page::ServerFailed,
        Page::Misconfigured,
        Page::TooLate,
        Page::NoIcon,
        Page::Stray(Stray::Refusal(Some("access_denied"))),
        Page::Stray(Stray::Refusal(None)),
        Page::Stray(Stray::Code),
        Page::Stray(Stray::OtherState),
        Page::Stray(Stray::Empty),
        Page::Stray(Stray::Malformed),
        Page::Stray(Stray::Tls),
        Page::Stray(Stray::Host),
        Page::Stray(Stray::Path),
        Page::Stray(Stray::OtherPath),
        Page::Stray(Stray::Method),
        Page::Stray(Stray::Post),
        Page::Stray(Stray::TooLong),
    ];

    fn address() -> Address {
        Address {
            redirect_uri: "http://127.0.0.1:8400/cb?c4nary".to_owned(),
            path: "/cb".to_owned(),
            hosts: Vec::new(),
        }
    }

    fn shown(page: Page, app: &str) -> (String, String) {
        let server = Server::new("https://login.example.com/token");
        let client = Client::new(server.issuer("https://login.example.com/tenant"), "app");
        let names = Names::new(app, &client, &address());
        let response = String::from_utf8(response(page, &names, false)).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn the_policy_allows_the_style() {
        let style = TEMPLATE.split("<style>").nth(1).unwrap();
        let style = style.split("</style>").next().unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
        let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, hash);
        assert_eq!(STYLE_HASH, format!("sha256-{encoded}"));
    }

    #[test]
    fn every_page_is_whole_and_has_no_script_or_link() {
        for page in ALL {
            let (head, body) = shown(page, "Acme");
            if page == Page::NoIcon {
                assert!(body.is_empty() && !head.contains("Content-Length"));
                continue;
            }
            assert!(
                head.contains(&format!("Content-Length: {}\r\n", body.len())),
                "{head}"
            );
            assert!(body.contains("You can close this window."), "{page:?}");
            assert!(!body.contains("c4nary"), "{page:?}");
            for one in ["<html lang=\"en\">", "<title>", "<main ", "<h1>", "</html>"] {
                assert_eq!(body.matches(one).count(), 1, "{one} in {page:?}");
            }
            assert!(body.contains("role=\"status\"") || body.contains("role=\"alert\""));
            for never in [
                "{{", "}}", "<script", " style=", " on", "<a ", "<form", "https:",
            ] {
                let text = body.split("</style>").nth(1).unwrap();
                let found = text.contains(never) && !(never == " on" && only_words(text));
                assert!(!found, "{never} in {page:?}");
            }
        }
    }

    /// Returns `true` if every ` on` is part of the text, and none is an attribute.
    fn only_words(text: &str) -> bool {
        text.split('<')
            .all(|tag| !tag.split('>').next().unwrap_or_default().contains(" on"))
    }

    #[test]
    fn names_are_shown_and_cannot_be_markup() {
        let (_, body) = shown(Page::LoggedIn, "<b onload='x'>A&B \"{{title}}\"");
        let name = "&lt;b onload=&#39;x&#39;&gt;A&amp;B &quot;{{title}}&quot;";
        assert!(body.contains(name), "{body}");
        assert!(body.contains("<strong>login.example.com</strong>"));
        let (_, body) = shown(Page::LoggedIn, "");
        assert!(body.contains("and the application continues"), "{body}");
    }

    #[test]
    fn the_server_is_named_by_its_host_alone() {
        for (url, host) in [
            (
                "https://user:secret@host.example:444/path?a=b",
                Some("host.example:444"),
            ),
            ("https://host.example", Some("host.example")),
            ("https://host.example?a=/@b", Some("host.example")),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
