//! What the person sees in the browser.

use super::request::Problem;
use crate::client::Client;

/// What a page says. None says anything that came in the request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Page {
    LoggedIn,
    /// The person said no.
    Declined,
    /// The server said no, or its answer is not to be trusted.
    Failed,
    /// An answer that nobody here asked for.
    Stranger,
    /// The answer was here before.
    Answered,
    NoIcon,
    Problem(Problem),
}

/// Who is named on a page, ready to be put into it.
#[derive(Debug)]
pub(super) struct Words {
    app: String,
    server: String,
}

/// How a page looks.
#[derive(Clone, Copy)]
enum Tone {
    Good,
    Calm,
    Bad,
}

/// What stands on a page.
struct Content {
    tone: Tone,
    title: &'static str,
    text: String,
    next: String,
}

impl Words {
    pub(super) fn new(app_name: &str, client: &Client) -> Self {
        let app = match app_name {
            "" => "the application".to_owned(),
            name => format!("<strong>{}</strong>", escape(name)),
        };
        let server = [&client.issuer, &client.authorization_endpoint]
            .into_iter()
            .find_map(|url| host_of(url))
            .unwrap_or("the server");
        Self {
            app,
            server: format!("<strong>{}</strong>", escape(server)),
        }
    }
}

/// The whole answer, head and body; a question about the head alone gets that (RFC 9110 §9.3.2).
pub(super) fn answer(page: Page, words: &Words, head_alone: bool) -> Vec<u8> {
    let (status, more) = status(page);
    let body = match page {
        // RFC 9110 §15.3.5: it has none.
        Page::NoIcon => return head(status, more, None).into_bytes(),
        page => render(&content(page, words)),
    };
    let head = head(status, more, Some(body.len()));
    let body = if head_alone { "" } else { &body };
    (head + body).into_bytes()
}

fn status(page: Page) -> (&'static str, &'static str) {
    match page {
        Page::LoggedIn | Page::Declined | Page::Failed => ("200 OK", ""),
        Page::Stranger | Page::Problem(Problem::Malformed) => ("400 Bad Request", ""),
        Page::Answered => ("409 Conflict", ""),
        Page::NoIcon => ("204 No Content", ""),
        Page::Problem(Problem::Host) => ("421 Misdirected Request", ""),
        Page::Problem(Problem::Path) => ("404 Not Found", ""),
        Page::Problem(Problem::Method) => ("405 Method Not Allowed", "Allow: GET\r\n"),
        Page::Problem(Problem::TooLong) => ("431 Request Header Fields Too Large", ""),
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

fn content(page: Page, Words { app, server }: &Words) -> Content {
    let (tone, title, text) = match page {
        Page::LoggedIn => (
            Tone::Good,
            "You are logged in",
            format!("{server} has confirmed your login, and {app} goes on from here."),
        ),
        Page::Declined => (
            Tone::Calm,
            "You are not logged in",
            format!("Access was declined at {server}, so {app} gets none."),
        ),
        Page::Failed => (
            Tone::Bad,
            "The login did not work",
            format!("{server} did not give the answer that {app} needs."),
        ),
        Page::Stranger => (
            Tone::Bad,
            "This is not your login",
            format!(
                "This answer is not one that {app} has asked for, so nothing was done with it."
            ),
        ),
        Page::Answered => (
            Tone::Calm,
            "This login is over already",
            format!("Another window was first, and {app} has its answer."),
        ),
        Page::NoIcon | Page::Problem(_) => (
            Tone::Calm,
            "There is nothing here",
            format!("At this address {app} waits for somebody to log in, and does nothing else."),
        ),
    };
    let close = "You can close this window";
    let next = match page {
        Page::LoggedIn | Page::Answered | Page::NoIcon | Page::Problem(_) => format!("{close}."),
        Page::Declined => format!("{close}. If you meant to log in, begin again in {app}."),
        Page::Failed => format!("{close}. See what {app} says about it, and begin again there."),
        Page::Stranger => {
            format!("{close}. If you are logging in, go on in the window that {app} opened.")
        }
    };
    Content {
        tone,
        title,
        text,
        next,
    }
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

/// The host of a URL, without the name and password that may stand before it.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

fn escape(text: &str) -> String {
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
    escaped
}

const TEMPLATE: &str = include_str!("page.html");
/// Of everything between `<style>` and `</style>` in the template.
const STYLE_HASH: &str = "sha256-/SK8ORj8DlizIy7CTvsZXiJVW5nwq+tOMB4OymFPGjk=";

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Page; 11] = [
        Page::LoggedIn,
        Page::Declined,
        Page::Failed,
        Page::Stranger,
        Page::Answered,
        Page::NoIcon,
        Page::Problem(Problem::Malformed),
        Page::Problem(Problem::Host),
        Page::Problem(Problem::Path),
        Page::Problem(Problem::Method),
        Page::Problem(Problem::TooLong),
    ];

    fn words(app: &str) -> Words {
        let client = Client {
            issuer: "https://login.example.com/tenant".into(),
            ..Client::default()
        };
        Words::new(app, &client)
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
            assert!(body.contains("You can close this window"), "{page:?}");
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

    #[test]
    fn the_server_is_named_by_its_host_alone() {
        assert_eq!(
            host_of("https://user:secret@host.example:444/path?a=b"),
            Some("host.example:444")
        );
        assert_eq!(host_of("https://host.example"), Some("host.example"));
        assert_eq!(host_of(""), None);
    }
}
