//! The URL at which the user enters the code, and errors of URLs that cannot be shown.

use oauth2_generic::{Error, Result};

use super::{BEGUN, client, prompt};
use crate::script::Script;

/// The URL that the user is shown if the server sends `uri`.
fn shown(uri: &str) -> Result<String> {
    let body = BEGUN.replace("\"https://login.example/d\"", &format!("\"{uri}\""));
    let prompt = prompt(client(), &Script::default().then(200, &body))?;
    Ok(prompt.verification_uri)
}

#[test]
fn a_place_that_cannot_be_shown_is_named_with_what_to_do() {
    for (uri, problem, what_to_do) in [
        ("/device", "not a whole URL", "tell the server the address"),
        ("device", "not a whole URL", "tell the server the address"),
        (
            "login.example/device",
            "not a whole URL",
            "tell the server the address",
        ),
        (
            "//login.example/device",
            "not a whole URL",
            "tell the server the address",
        ),
        (
            "http://login.example/d",
            "plain http",
            "`Client::danger_allow_http_login`",
        ),
        ("http://localhost:3000/d", "plain http", "its https address"),
        (
            "https://login.example/d\u{e9}vice",
            "outside of ASCII",
            "encoded",
        ),
        ("https://l\u{f6}gin.example/d", "outside of ASCII", "`xn--`"),
        (
            "javascript:alert(1)",
            "does not begin with https://",
            "for a browser",
        ),
        (
            "https://login.example/\\u001b[2J",
            "control characters",
            "another",
        ),
    ] {
        let error = shown(uri).unwrap_err();
        assert!(matches!(error, Error::Response(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("`verification_uri`"), "{text}");
        assert!(
            text.contains(problem) && text.contains(what_to_do),
            "{uri}: {text}"
        );
        assert!(
            !text.contains("alert") && !text.contains("login.example"),
            "{text}"
        );
    }
}

/// A browser repairs these, and a person who types them, or another program, ends up elsewhere.
#[test]
fn a_place_that_a_browser_repairs_is_not_shown() {
    for uri in [
        "https:login.example/d",
        "https:/login.example/d",
        "https:///login.example/d",
        "https:\\\\\\\\login.example/d",
        "https://login%2Eexample/d",
        "http://2130706433/d",
    ] {
        let error = shown(uri).unwrap_err();
        assert!(error.to_string().contains("whole URL"), "{uri}: {error}");
    }
}

#[test]
fn a_place_on_this_machine_or_in_capitals_is_shown() {
    for uri in [
        "http://127.0.0.1:3000/d",
        "http://[::1]/d",
        "HTTPS://login.example/d",
    ] {
        assert_eq!(shown(uri).unwrap(), uri);
    }
    let body = BEGUN.replace("https://login.example/d\"", "http://login.example/d\"");
    let http = Script::default().then(200, &body);
    let prompt = prompt(client().danger_allow_http_login(), &http).unwrap();
    assert_eq!(prompt.verification_uri, "http://login.example/d");
}

#[test]
fn the_older_name_helps_where_the_other_is_of_no_use() {
    let body = BEGUN.replace(
        "\"https://login.example/d\"",
        "\"/d\",\"verification_url\":\"https://login.example/d\"",
    );
    let prompt = prompt(client(), &Script::default().then(200, &body)).unwrap();
    assert_eq!(prompt.verification_uri, "https://login.example/d");
    let body = BEGUN.replace("\"verification_uri\"", "\"x\"");
    let error = super::prompt(client(), &Script::default().then(200, &body)).unwrap_err();
    assert!(
        error.to_string().contains("no usable `verification_uri`"),
        "{error}"
    );
}

/// The rest is of use without it.
#[test]
fn a_complete_place_that_cannot_be_shown_is_left_out() {
    let body = BEGUN.replace("https://login.example/d?user_code", "/d?user_code");
    let prompt = prompt(client(), &Script::default().then(200, &body)).unwrap();
    assert_eq!(prompt.verification_uri_complete, None);
}

/// Servers write numbers as texts, and leave out what RFC 8628 lets them leave out.
#[test]
fn odd_numbers_of_a_first_answer_are_read() {
    for (life, interval) in [
        ("\"60\"", "\"2\""),
        ("60", "null"),
        ("60.0", "0"),
        ("60", "\"five\""),
    ] {
        let body = BEGUN.replace("\"expires_in\":60", &format!("\"expires_in\":{life}"));
        let body = body.replace("\"interval\":2", &format!("\"interval\":{interval}"));
        let prompt = prompt(client(), &Script::default().then(200, &body)).unwrap();
        assert_eq!(prompt.expires_in.as_secs(), 60, "{life}");
    }
    for error in ["\"\"", "null"] {
        let body = BEGUN.replace("\"interval\":2", &format!("\"error\":{error}"));
        prompt(client(), &Script::default().then(200, &body)).unwrap();
    }
}
