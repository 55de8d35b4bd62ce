//! Words of the pages, and of an error about what arrived.

use super::loopback::Address;
use super::pages::Page;
use super::request::Stray;

#[derive(Clone, Copy)]
pub(super) enum Tone {
    Good,
    Calm,
    Bad,
}

/// Title, text, and what the user can do next; the last two with marks for names.
pub(super) fn content(page: Page) -> (Tone, &'static str, &'static str, &'static str) {
    match page {
        Page::LoggedIn => (
            Tone::Good,
            "You are logged in",
            "{{server}} has confirmed your login, and {{app}} continues from here.",
            "",
        ),
        Page::Declined => (
            Tone::Calm,
            "You are not logged in",
            "Access was declined at {{server}}, so {{app}} has none.",
            "To log in, start again in {{app}}.",
        ),
        Page::BadResponse => (
            Tone::Bad,
            FAILED,
            "{{server}} did not send the response that {{app}} needs.",
            "See the error in {{app}}, and start again there.",
        ),
        Page::CodeRefused => (
            Tone::Bad,
            FAILED,
            "{{server}} sent you back here, and then refused {{app}} the token.",
            "See the error in {{app}}, and start again there.",
        ),
        Page::ServerFailed => (
            Tone::Bad,
            FAILED,
            "{{server}} sent you back here, and then could not be reached or failed.",
            "Wait a moment, and start again in {{app}}.",
        ),
        Page::Misconfigured => (
            Tone::Bad,
            FAILED,
            "The settings of {{app}} do not fit {{server}}.",
            "Tell the people who run {{app}}; it reports the cause.",
        ),
        Page::TooLate => (
            Tone::Calm,
            "This login has already ended",
            "Another window was first, and {{app}} has its response.",
            "",
        ),
        Page::NoIcon => (Tone::Calm, "", "", ""),
        Page::Stray(stray) => stray_content(stray),
    }
}

fn stray_content(stray: Stray) -> (Tone, &'static str, &'static str, &'static str) {
    let (title, text, next) = match stray {
        Stray::Refusal(_) => (
            "You are not logged in",
            "This response refuses a login{{code}}, but does not say which one, so {{app}} keeps waiting.",
            "If {{server}} has refused you, cancel the login in {{app}} and start again. If not, continue in the \
             window that {{app}} opened.",
        ),
        Stray::Code => (
            FAILED,
            "{{server}} did not repeat the <strong>state</strong> of the login, so {{app}} cannot tell whether this \
             response is yours, and does not use it.",
            OPERATOR,
        ),
        Stray::OtherState | Stray::Unreadable => (
            "This is not your login",
            "This response was not requested by {{app}}, and was ignored.",
            "If you are logging in, continue in the window that {{app}} opened.",
        ),
        Stray::Empty => (
            "This is not a response",
            "This address holds no response of {{server}}, so {{app}} keeps waiting.",
            "If you are logging in, continue in the window that {{app}} opened. If {{server}} sent you here, tell the \
             people who run {{app}} that the response must be in the query.",
        ),
        Stray::Host => (
            "Wrong host or port",
            "Your browser used another host or port than {{here}}, where {{app}} waits.",
            "Start again in {{app}}. A forwarded port needs the same number on both sides.",
        ),
        Stray::Tls => (
            "This address needs http",
            "Your browser used https, and {{app}} waits at {{here}}.",
            "Write http instead of https in the address.",
        ),
        Stray::OtherPath => (
            FAILED,
            "{{server}} sent you to another path than {{here}}, where {{app}} waits.",
            OPERATOR,
        ),
        Stray::Post => (
            FAILED,
            "{{server}} sent its response in a form (POST), which {{app}} does not read.",
            OPERATOR,
        ),
        Stray::TooLong => (
            "Your browser sent too much",
            "It sent more cookies, or a longer address, than {{app}} reads.",
            "Delete the cookies for {{here}}, or use a private window, and start again in {{app}}.",
        ),
        Stray::Path | Stray::Method | Stray::Malformed => {
            let text =
                "At this address {{app}} waits for a login in progress, and does nothing else.";
            return (Tone::Calm, "Nothing here", text, "");
        }
    };
    (Tone::Bad, title, text, next)
}

/// Describes the requests that arrived in place of the response, for an error.
pub(super) fn received(address: &Address, strays: &[Stray]) -> String {
    let place = address.without_query();
    if strays.is_empty() {
        return format!(
            "nothing arrived at {place}; check that a browser opened, and that exactly this redirect URI is \
             registered at the server"
        );
    }
    let strays: Vec<String> = strays.iter().map(|stray| in_short(*stray)).collect();
    format!(
        "no response to this login arrived at {place}, only: {}",
        strays.join("; ")
    )
}

fn in_short(stray: Stray) -> String {
    match stray {
        Stray::Refusal(Some(code)) => return format!("a refusal without `state` ({code})"),
        Stray::Refusal(None) => "a refusal without `state`",
        Stray::Code => "a code without `state`, which the server must repeat",
        Stray::OtherState => "a response with the `state` of another login",
        Stray::Empty => {
            "a redirect without `code`, `error` and `state` in its query; remove the parameter `response_mode`"
        }
        Stray::Unreadable => "a response that is not UTF-8 or has a parameter twice",
        Stray::Malformed => "bytes that are not an HTTP/1.1 request",
        Stray::Tls => {
            "a TLS handshake; open and register the redirect URI with http, not https"
        }
        Stray::Host => {
            "a request for another host or port; forward the port of `redirect_uri` under the same number, or set \
             its host to the one that the browser uses"
        }
        Stray::Path => "a request for another path",
        Stray::OtherPath => "a response at another path; set `redirect_uri` exactly as registered",
        Stray::Method => "a request that is not a GET",
        Stray::Post => {
            "a response by POST (form_post), which is not supported; remove the parameter `response_mode`, or set it \
             to `query`"
        }
        Stray::TooLong => "a request that is too large; delete the browser's cookies for this host",
    }
    .to_owned()
}

const FAILED: &str = "The login failed";
const OPERATOR: &str = "Tell the people who run {{app}}; it reports the cause when the login ends.";
