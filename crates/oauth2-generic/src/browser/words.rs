//! The texts of the pages.

use super::arrived::Stray;
use super::loopback::Address;
use super::page::{Failure, Page};
use super::request::Problem;
use crate::client::Client;
use crate::metadata::Endpoint;

/// Who is named on a page, ready to be put into it.
#[derive(Debug)]
pub(super) struct Words {
    app: String,
    server: String,
    /// Where the browser is waited for.
    here: String,
}

/// How a page looks.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    Good,
    Calm,
    Bad,
}

/// What stands on a page.
pub(super) struct Content {
    pub(super) tone: Tone,
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) next: String,
}

impl Words {
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

    pub(super) fn content(&self, page: Page) -> Content {
        let Self { app, server, .. } = self;
        let (tone, title, text, next) = match page {
            Page::LoggedIn => (
                Tone::Good,
                "You are logged in",
                format!("{server} has confirmed your login, and {app} goes on from here."),
                String::new(),
            ),
            Page::Declined => (
                Tone::Calm,
                "You are not logged in",
                format!("Access was declined at {server}, so {app} gets none."),
                format!("If you meant to log in, begin again in {app}."),
            ),
            Page::Failed(failure) => return self.failed(failure),
            Page::Answered => (
                Tone::Calm,
                "This login is over already",
                format!("Another window was first, and {app} has its answer."),
                String::new(),
            ),
            Page::NoIcon => return self.nothing(),
            Page::Stray(stray) => return self.stray(stray),
        };
        content(tone, title, text, &next)
    }

    fn failed(&self, failure: Failure) -> Content {
        let Self { app, server, .. } = self;
        let again = format!("See what {app} says about it, and begin again there.");
        let (text, next) = match failure {
            Failure::Answer => (
                format!("{server} did not give the answer that {app} needs."),
                again,
            ),
            Failure::Code => (
                format!("{server} sent you back here, and then refused {app} the token."),
                again,
            ),
            Failure::Server => (
                format!("{server} sent you back here, and then could not be reached or failed."),
                format!("Wait a little, and begin again in {app}."),
            ),
            Failure::Setting => (
                format!("The settings of {app} do not fit {server}."),
                format!("Tell the people who look after {app}; it says what is wrong."),
            ),
        };
        content(Tone::Bad, FAILED, text, &next)
    }

    fn stray(&self, stray: Stray) -> Content {
        let Self { app, server, here } = self;
        let waits = format!("{app} still waits for the answer");
        let in_window = format!("If you are logging in, go on in the window that {app} opened.");
        let (title, text, next) = match stray {
            Stray::Refusal(code) => {
                let code = code.map_or_else(String::new, |code| format!(" ({code})"));
                (
                    "You are not logged in",
                    format!(
                        "This answer refuses a login{code}, and does not say which one, so {waits}."
                    ),
                    format!(
                        "If {server} has refused you, end the login in {app} and begin again. If not, \
                         go on in the window that {app} opened."
                    ),
                )
            }
            Stray::Code => (
                FAILED,
                format!(
                    "{server} did not repeat the <strong>state</strong> of the login, so {app} cannot \
                     tell whether this answer is yours, and does not use it."
                ),
                operator(app),
            ),
            Stray::OtherState | Stray::Unreadable => (
                "This is not your login",
                format!(
                    "This answer is not one that {app} has asked for, so nothing was done with it."
                ),
                in_window,
            ),
            Stray::Empty => (
                "There is no answer here",
                format!("This address holds no answer of {server}, and {waits}."),
                format!(
                    "{in_window} If {server} sent you here, tell the people who look after {app} that \
                     the answer must stand in the query."
                ),
            ),
            Stray::Problem(problem) => match problem {
                Problem::Host => (
                    "This address has another name",
                    format!(
                        "Your browser used another host or port than {here}, where {app} waits."
                    ),
                    format!(
                        "Begin again in {app}. A port that is forwarded needs the same number on both \
                         sides."
                    ),
                ),
                Problem::Tls => (
                    "This address needs http",
                    format!("Your browser used https, and {app} waits at {here}."),
                    "Write http instead of https in the address.".to_owned(),
                ),
                Problem::OtherPath => (
                    FAILED,
                    format!(
                        "{server} sent you to another path than that of {here}, where {app} waits."
                    ),
                    operator(app),
                ),
                Problem::Post => (
                    FAILED,
                    format!(
                        "{server} sent its answer in a form (POST), which {app} does not read."
                    ),
                    operator(app),
                ),
                Problem::TooLong => (
                    "Your browser sent too much",
                    format!("It sent more cookies, or a longer address, than {app} reads."),
                    format!(
                        "Delete the cookies for {here}, or use a private window, and begin again in \
                         {app}."
                    ),
                ),
                Problem::Path | Problem::Method | Problem::Malformed => return self.nothing(),
            },
        };
        content(Tone::Bad, title, text, &next)
    }

    fn nothing(&self) -> Content {
        let text = format!(
            "At this address {} waits for a login in progress, and does nothing else.",
            self.app
        );
        content(Tone::Calm, "There is nothing here", text, "")
    }
}

fn operator(app: &str) -> String {
    format!("Tell the people who look after {app}; it says what is wrong when the login ends.")
}

fn content(tone: Tone, title: &'static str, text: String, next: &str) -> Content {
    let next = format!("You can close this window. {next}");
    Content {
        tone,
        title,
        text,
        next: next.trim_end().to_owned(),
    }
}

fn strong(text: &str) -> String {
    format!("<strong>{}</strong>", escape(text))
}

/// The host of a URL, without the name and password that may stand before it.
pub(super) fn host_of(url: &str) -> Option<&str> {
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

const FAILED: &str = "The login did not work";

#[cfg(test)]
mod tests {
    use super::*;

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
