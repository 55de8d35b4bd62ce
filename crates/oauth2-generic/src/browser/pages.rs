//! What the person sees in the browser.

use super::arrived::Stray;
use super::request::Problem;
use super::words::{Content, Tone, Words};

/// What a page says. None says anything that came in the request but the code of a standard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Page {
    /// The token is there.
    LoggedIn,
    /// The person said no.
    Declined,
    /// The server said no, or its answer is not to be trusted.
    Failed(Failure),
    /// The answer was here before.
    Answered,
    NoIcon,
    /// A request that is not the answer to this login, which is waited for still.
    Stray(Stray),
}

/// What failed, for the person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Failure {
    /// The answer that the browser brought.
    Answer,
    /// The server refused the code.
    Code,
    /// The server could not be asked, or failed.
    Server,
    /// The application is not set up for this server.
    Setting,
}

/// The whole answer, head and body; a question about the head alone gets that (RFC 9110 §9.3.2).
pub(super) fn answer(page: Page, words: &Words, head_alone: bool) -> Vec<u8> {
    let (status, more) = status(page);
    let body = match page {
        // RFC 9110 §15.3.5: it has none.
        Page::NoIcon => return head(status, more, None).into_bytes(),
        page => render(&words.content(page)),
    };
    let head = head(status, more, Some(body.len()));
    let body = if head_alone { "" } else { &body };
    (head + body).into_bytes()
}

fn status(page: Page) -> (&'static str, &'static str) {
    let stray = match page {
        Page::LoggedIn | Page::Declined | Page::Failed(_) => return ("200 OK", ""),
        Page::Answered => return ("409 Conflict", ""),
        Page::NoIcon => return ("204 No Content", ""),
        Page::Stray(stray) => stray,
    };
    match stray {
        Stray::Problem(Problem::Host) => ("421 Misdirected Request", ""),
        Stray::Problem(Problem::Path | Problem::OtherPath) => ("404 Not Found", ""),
        Stray::Problem(Problem::Method | Problem::Post) => {
            ("405 Method Not Allowed", "Allow: GET\r\n")
        }
        Stray::Problem(Problem::TooLong) => ("431 Request Header Fields Too Large", ""),
        _ => ("400 Bad Request", ""),
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

fn render(content: &Content) -> String {
    let (tone, colour, icon, role) = match content.tone {
        Tone::Good => ("good", "17703f", "M6 12.5l4 4 8-8.5", "status"),
        Tone::Calm => ("calm", "3b5584", "M12 11.25v6M12 6.75v.01", "status"),
        Tone::Bad => ("bad", "b3261e", "M12 6v7M12 17.25v.01", "alert"),
    };
    let value = |name: &str| match name {
        "title" => content.title,
        "text" => &content.text,
        "next" => &content.next,
        "tone" => tone,
        "icon" => icon,
        "icon-colour" => colour,
        "role" => role,
        _ => "",
    };
    let mut pieces = TEMPLATE.split("{{");
    let mut page = pieces.next().unwrap_or_default().to_owned();
    // In one go, so that what is put in is not looked at for marks.
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or(("", piece));
        page.push_str(value(name));
        page.push_str(rest);
    }
    page
}

const TEMPLATE: &str = include_str!("page.html");
/// Of everything between `<style>` and `</style>` in the template.
const STYLE_HASH: &str = "sha256-/SK8ORj8DlizIy7CTvsZXiJVW5nwq+tOMB4OymFPGjk=";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::loopback::Address;
    use crate::client::Client;

    const ALL: [Page; 21] = [
        Page::LoggedIn,
        Page::Declined,
        Page::Failed(Failure::Answer),
        Page::Failed(Failure::Code),
        Page::Failed(Failure::Server),
        Page::Failed(Failure::Setting),
        Page::Answered,
        Page::NoIcon,
        Page::Stray(Stray::Refusal(Some("access_denied"))),
        Page::Stray(Stray::Refusal(None)),
        Page::Stray(Stray::Code),
        Page::Stray(Stray::OtherState),
        Page::Stray(Stray::Empty),
        Page::Stray(Stray::Problem(Problem::Malformed)),
        Page::Stray(Stray::Problem(Problem::Tls)),
        Page::Stray(Stray::Problem(Problem::Host)),
        Page::Stray(Stray::Problem(Problem::Path)),
        Page::Stray(Stray::Problem(Problem::OtherPath)),
        Page::Stray(Stray::Problem(Problem::Method)),
        Page::Stray(Stray::Problem(Problem::Post)),
        Page::Stray(Stray::Problem(Problem::TooLong)),
    ];

    fn words(app: &str) -> Words {
        let client = Client {
            issuer: "https://login.example.com/tenant".into(),
            ..Client::default()
        };
        let address = Address {
            redirect_uri: "http://127.0.0.1:8400/cb?c4nary".to_owned(),
            path: "/cb".to_owned(),
            hosts: Vec::new(),
        };
        Words::new(app, &client, &address)
    }

    fn shown(page: Page, app: &str) -> (String, String) {
        let answer = String::from_utf8(answer(page, &words(app), false)).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn the_style_is_the_one_that_the_policy_allows() {
        let style = TEMPLATE.split("<style>").nth(1).unwrap();
        let style = style.split("</style>").next().unwrap();
        let hash = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
        let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, hash);
        assert_eq!(STYLE_HASH, format!("sha256-{encoded}"));
    }

    #[test]
    fn every_page_is_whole_and_has_no_script_no_link_and_no_mark_left() {
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

    /// Whether every ` on` is part of the text, and none is an attribute.
    fn only_words(text: &str) -> bool {
        text.split('<')
            .all(|tag| !tag.split('>').next().unwrap_or_default().contains(" on"))
    }

    #[test]
    fn the_names_are_shown_and_cannot_be_markup() {
        let (_, body) = shown(Page::LoggedIn, "<b onload='x'>A&B \"{{title}}\"");
        let name = "&lt;b onload=&#39;x&#39;&gt;A&amp;B &quot;{{title}}&quot;";
        assert!(body.contains(name), "{body}");
        assert!(body.contains("<strong>login.example.com</strong>"));
        assert!(
            shown(Page::LoggedIn, "")
                .1
                .contains("and the application goes on")
        );
    }
}
