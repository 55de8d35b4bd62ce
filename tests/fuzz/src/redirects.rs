//! The URLs that users return to, and the text of a login that waits for one.

use std::sync::OnceLock;

use auth_core::Secret;
use auth_core::http::Response;
use oauth2_generic::{AuthorizationCode, Client, Implicit, Server};

use crate::holds::{CLIENT_SECRET, CODE, CODE_VERIFIER, STATE, is_quiet};
use crate::tokens::{TOKEN, URL};
use crate::wire::Answers;

/// The URL of a login with a code.
pub(crate) fn redirect(input: &[u8]) {
    let url = String::from_utf8_lossy(input);
    let answers = Answers::of(vec![Response::new(TOKEN.into())]);
    let pending = code_login().resume(&saved()).unwrap();
    let outcome = pending.exchange(&url, &answers);
    if answers.count() > 0 {
        is_of_this_login(&url);
        let sent = answers.sent();
        let body = String::from_utf8_lossy(sent[0].body()).into_owned();
        assert!(
            body.contains("code=") && body.contains(CODE_VERIFIER),
            "{body}"
        );
    }
    match outcome {
        Ok(tokens) => assert_eq!(
            (tokens.access_token.expose(), answers.count()),
            (crate::holds::ACCESS_TOKEN, 1)
        ),
        Err(error) => {
            is_quiet(&error, &secrets(&url));
        }
    }
}

/// The URL of a login that returns with the token itself.
pub(crate) fn implicit(input: &[u8]) {
    let url = String::from_utf8_lossy(input);
    let login = Implicit::new(client(), REDIRECT_URI);
    let pending = login.resume(&Secret::new(format!("1.{STATE}"))).unwrap();
    match pending.read(&url) {
        Ok(tokens) => {
            is_of_this_login(&url);
            assert!(tokens.refresh_token.is_none());
            let token = tokens.access_token.expose();
            assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        Err(error) => {
            is_quiet(&error, &secrets(&url));
        }
    }
}

/// The saved text of a login.
pub(crate) fn saved_login(input: &[u8]) {
    let text = String::from_utf8_lossy(input).replace("PRINT", print());
    let saved = Secret::new(text.clone());
    match code_login().resume(&saved) {
        Ok(pending) => {
            assert!(text.starts_with(pending.save().expose()), "{text}");
            let again = code_login().resume(&pending.save()).unwrap();
            assert_eq!(
                (again.url(), again.state()),
                (pending.url(), pending.state())
            );
        }
        Err(error) => {
            is_quiet(&error, &[CODE_VERIFIER, STATE]);
        }
    }
    match Implicit::new(client(), REDIRECT_URI).resume(&saved) {
        Ok(pending) => assert_eq!(pending.save().expose(), text),
        Err(error) => {
            is_quiet(&error, &[CODE_VERIFIER, STATE]);
        }
    }
}

/// Asserts that a URL has the state of this login.
fn is_of_this_login(url: &str) {
    assert!(decoded(url).contains(STATE), "not this login's: {url}");
}

/// The secrets of a URL, of which each is in its own parameter alone: a server may repeat one in its description.
fn secrets(url: &str) -> Vec<&'static str> {
    let alone = |(name, secret): (&str, &'static str)| {
        let is_alone =
            url.matches(secret).count() == 1 && url.contains(&format!("{name}={secret}"));
        is_alone.then_some(secret)
    };
    let parameters = [
        ("code", CODE),
        ("state", STATE),
        ("access_token", crate::holds::ACCESS_TOKEN),
    ];
    let parameters = parameters.into_iter().filter_map(alone);
    let own = [CLIENT_SECRET, CODE_VERIFIER].into_iter();
    parameters
        .chain(own.filter(|secret| !url.contains(secret)))
        .collect()
}

fn decoded(url: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = url.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = (*first == b'%').then(|| behind.get(..2)).flatten();
        let code = code.and_then(|digits| str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn client() -> Client {
    let server = Server::new(URL)
        .authorization_endpoint("https://as.example/authorize")
        .issuer("https://as.example");
    Client::new(server, "app").secret(Secret::new(CLIENT_SECRET))
}

fn code_login() -> AuthorizationCode {
    AuthorizationCode::new(client(), REDIRECT_URI)
}

/// A login that began with a known state.
fn saved() -> Secret {
    Secret::new(format!("1.{}.{STATE}.{CODE_VERIFIER}", print()))
}

/// The second part of a saved login: where it began.
fn print() -> &'static str {
    static PRINT: OnceLock<String> = OnceLock::new();
    PRINT.get_or_init(|| {
        let pending = code_login().begin(&Answers::of(Vec::new())).unwrap();
        let saved = pending.save();
        saved.expose().split('.').nth(1).unwrap().to_owned()
    })
}

const REDIRECT_URI: &str = "https://app.example/callback?tenant=1";
