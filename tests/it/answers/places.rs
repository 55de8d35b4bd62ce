//! Tokens outside RFC 6749's members: read by a path, or named by their path in the error.

use std::time::Duration;

use auth_core::Result;
use auth_core::grant::{ExpiryFormat, Lifetime, ResponseFormat, TokenRequest, TokenResponse};

use crate::support::{CANARY, Script, answer, quiet};

use super::{assert_malformed, body, read_as};

fn lenient() -> ResponseFormat {
    ResponseFormat::new().token_type_optional()
}

/// The access and the refresh token of an answer.
fn tokens(outcome: Result<TokenResponse>) -> (String, Option<String>) {
    let response = outcome.expect("a token");
    let refresh_token = response
        .refresh_token
        .map(|token| token.expose().to_owned());
    (response.access_token.expose().to_owned(), refresh_token)
}

#[test]
fn a_member_is_found_by_its_path() {
    for (path, text) in [
        (
            "tokenData.access_token",
            r#"{"tokenData":{"access_token":"a","token_type":"Bearer","expires_in":60},"errors":[],"success":true}"#,
        ),
        (
            "data.0.token",
            r#"{"data":[{"token":"a","token_type":"Bearer","expires_in":60}]}"#,
        ),
        (
            "data.token",
            r#"{"data":[{"token":"a","token_type":"Bearer","expires_in":60}]}"#,
        ),
        (
            "0.access_token",
            r#"[{"access_token":"a","token_type":"bearer","expires_in":60}]"#,
        ),
        (
            "result.auth.jwt",
            r#"{"result":{"auth":{"jwt":"a","token_type":"bearer","expires_in":60}}}"#,
        ),
        (
            "data.access_token",
            r#"{"data":{"access_token":"a"},"token_type":"bearer","expires_in":60}"#,
        ),
    ] {
        let format = ResponseFormat::new().access_token(path);
        let response = read_as(format, answer(200, text)).unwrap();
        assert_eq!(response.access_token.expose(), "a", "{path}");
        assert_eq!(
            response.lifetime,
            Lifetime::For(Duration::from_secs(60)),
            "{path}"
        );
    }
}

#[test]
fn a_name_with_a_dot_is_found_before_a_path() {
    let text = r#"{"a.b":"literal","a":{"b":"path"},".expires":"60","token_type":"bearer"}"#;
    let format = ResponseFormat::new()
        .access_token("a.b")
        .expires(".expires", ExpiryFormat::Seconds);
    let response = read_as(format, answer(200, text)).unwrap();
    assert_eq!(response.access_token.expose(), "literal");
    assert_eq!(response.lifetime, Lifetime::For(Duration::from_secs(60)));
}

#[test]
fn members_beside_a_token_belong_to_it() {
    let slack = r#"{"ok":true,"access_token":"bot","token_type":"bot","refresh_token":"bots","expires_in":1,
        "authed_user":{"id":"U1","access_token":"user","token_type":"user","refresh_token":"users","expires_in":60,"scope":"chat"}}"#;
    let format = |path: &'static str, word: &'static str| {
        ResponseFormat::new().access_token(path).token_type(word)
    };
    let response = read_as(
        format("authed_user.access_token", "user"),
        answer(200, slack),
    )
    .unwrap();
    assert_eq!(response.scope.as_deref(), Some("chat"));
    assert_eq!(response.lifetime, Lifetime::For(Duration::from_secs(60)));
    assert_eq!(response.extra["id"].expose(), "U1");
    assert_eq!(tokens(Ok(response)), ("user".into(), Some("users".into())));
    let bot = read_as(format("access_token", "bot"), answer(200, slack));
    assert_eq!(tokens(bot), ("bot".into(), Some("bots".into())));
    // The user's refresh token is not taken for the bot's.
    let alone = slack.replace(r#""refresh_token":"bots","#, "");
    let bot = read_as(format("access_token", "bot"), answer(200, &alone));
    assert_eq!(tokens(bot), ("bot".into(), None));
}

#[test]
fn a_token_that_is_elsewhere_is_named_by_its_place() {
    for (text, place) in [
        (
            r#"{"tokenData":{"access_token":"canary7Qz"}}"#,
            "one inside, in `tokenData.access_token`:",
        ),
        (
            r#"{"data":[{"jwt":"canary7Qz"}]}"#,
            "one inside, in `data.0.jwt`:",
        ),
        (
            r#"{"a":{"b":{"token":"canary7Qz"}}}"#,
            "one inside, in `a.b.token`:",
        ),
        (
            r#"{"access_token":{"value":"canary7Qz"}}"#,
            "one inside, in `access_token.value`:",
        ),
        (r#"{"accessToken":"canary7Qz"}"#, "one, in `accessToken`:"),
        (r#"{"token":"canary7Qz"}"#, "one, in `token`:"),
        (
            r#"[{"access_token":"canary7Qz"}]"#,
            "one inside, in `0.access_token`:",
        ),
    ] {
        let error = quiet(body(text)).to_string();
        assert!(error.contains(place), "{error}");
        assert!(
            error.ends_with("set `ResponseFormat::access_token` to that"),
            "{error}"
        );
    }
    // A member name that may be a secret is not shown.
    for text in [
        r#"{"canary7Qz":{"token":"canary7Qz"}}"#,
        r#"{"<canary7Qz>":{"token":"x"}}"#,
    ] {
        assert_malformed(body(text), "it has no `access_token`");
    }
    let request = TokenRequest::form("https://as.example/token").param("password", CANARY);
    let script = Script::bodies([r#"{"canary7Qz":{"token":"x"}}"#]);
    quiet(request.send(&script));
}

#[test]
fn a_token_elsewhere_beside_an_odd_error_is_named() {
    for error in ["5", r#"{"code":7}"#] {
        let text = format!(r#"{{"error":{error},"data":{{"access_token":"canary7Qz"}}}}"#);
        assert_malformed(body(text), "in `data.access_token`");
    }
}

#[test]
fn a_tokens_members_are_read_in_another_spelling() {
    let text = r#"{"accessToken":"a","tokenType":"Bearer","expiresIn":60,"Scope":"s"}"#;
    let format = ResponseFormat::new().access_token("accessToken");
    let response = read_as(format, answer(200, text)).unwrap();
    assert_eq!(response.lifetime, Lifetime::For(Duration::from_secs(60)));
    assert_eq!(response.scope.as_deref(), Some("s"));
}

#[test]
fn a_missing_token_is_reported_before_its_missing_type() {
    assert_malformed(body("{}"), "it has no `access_token`");
    assert_malformed(body(r#"{"token_type":"mac"}"#), "it has no `access_token`");
}

#[test]
fn a_refresh_token_that_is_elsewhere_is_taken() {
    for refresh_token in [
        r#""refreshToken":"r""#,
        r#""RefreshToken":"r""#,
        r#""refresh_token":{"value":"r","expiration":1999999999731}"#,
        r#""refresh_token":{"token":"r","id":"i"}"#,
        r#""refresh_token":{"only":"r"}"#,
        r#""refresh_token":["r"]"#,
        r#""refreshToken":{"value":"r"}"#,
        r#""tokens":{"refresh_token":"r"}"#,
        r#""refresh_token":null,"data":{"refresh_token":"r"}"#,
    ] {
        let text = format!(r#"{{"access_token":"a","token_type":"bearer",{refresh_token}}}"#);
        assert_eq!(
            tokens(body(text)),
            ("a".into(), Some("r".into())),
            "{refresh_token}"
        );
    }
    let number = r#"{"access_token":"a","token_type":"bearer","refresh_token":12345}"#;
    assert_eq!(tokens(body(number)).1.as_deref(), Some("12345"));
    let link = r#"{"access_token":"a","token_type":"bearer","links":{"refresh_token":"https://as.example"}}"#;
    assert_eq!(tokens(body(link)).1, None);
    for none in ["null", r#""""#, "false", "true", "{}", "[]", "0"] {
        let text =
            format!(r#"{{"access_token":"a","token_type":"bearer","refresh_token":{none}}}"#);
        assert_eq!(tokens(body(text)).1, None, "{none}");
    }
}

#[test]
fn an_answer_of_a_java_server_is_read() {
    let text = r#"{"value":"a","expiration":1999999999252,"tokenType":"bearer","refreshToken":{"value":"r","expiration":1999999999731},"scope":["read","write"],"additionalInformation":{},"expiresIn":2482,"expired":false}"#;
    let format = lenient()
        .access_token("value")
        .refresh_token("refreshToken")
        .expires("expiresIn", ExpiryFormat::Seconds);
    let response = read_as(format, answer(200, text)).unwrap();
    assert_eq!(response.lifetime, Lifetime::For(Duration::from_secs(2482)));
    assert_eq!(response.scope.as_deref(), Some("read write"));
    assert_eq!(tokens(Ok(response)), ("a".into(), Some("r".into())));
}

#[test]
fn a_refresh_token_that_is_not_plain_is_an_error() {
    let text = r#"{"access_token":"a","token_type":"bearer","refresh_token":{"one":"canary7Qz1","two":"canary7Qz2"}}"#;
    assert_malformed(
        body(text),
        "set `ResponseFormat::refresh_token` to the path of it",
    );
    let format = ResponseFormat::new().refresh_token("refresh_token.two");
    assert_eq!(
        tokens(read_as(format, answer(200, text))).1.as_deref(),
        Some("canary7Qz2")
    );
}

#[test]
fn a_reply_is_read_by_paths() {
    let text = r#"{"data":{"name":"n","age":"7","is":true,"all":["x","y"]},"list":[{"name":"first"}],"a.b":"dotted"}"#;
    let request = TokenRequest::form("https://as.example/ask").param("q", "1");
    let reply = request.fetch(&Script::bodies([text])).unwrap();
    assert_eq!(reply.text("data.name").unwrap().expose(), "n");
    assert_eq!(reply.text("list.0.name").unwrap().expose(), "first");
    assert_eq!(reply.text("list.name").unwrap().expose(), "first");
    assert_eq!(reply.text("a.b").unwrap().expose(), "dotted");
    assert_eq!(reply.number("data.age"), Some(7.0));
    assert_eq!(reply.boolean("data.is"), Some(true));
    assert_eq!(reply.texts("data.all").unwrap(), ["x", "y"]);
    assert!(reply.text("data.none").is_none() && reply.text("name.data").is_none());
}
