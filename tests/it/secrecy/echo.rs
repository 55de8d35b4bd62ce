//! A server whose error repeats the request.

use crate::support::asking::Asking as _;
use auth_core::grant::TokenRequest;
use auth_core::http::{Request, Response};
use auth_core::transport;
use auth_core::{Error, Result, Secret};

use crate::support::{CANARY, answer, assert_quiet, shown};

use super::{grants, secret};

fn refusal(code: &str, description: &str) -> Response<Vec<u8>> {
    let body = serde_json::json!({"error": code, "error_description": description});
    answer(400, &body.to_string())
}

/// Repeats the whole request, raw and decoded, in the description and in the code.
#[expect(clippy::needless_pass_by_value, reason = "it is a transport")]
fn echo(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
    let mut all = format!("{} ", request.uri());
    for (name, value) in request.headers() {
        all += &format!("{name}: {} ", String::from_utf8_lossy(value.as_bytes()));
    }
    all += &String::from_utf8_lossy(request.body());
    // An error shows only the beginning of a description, so the end of the request comes first.
    let tail: String = all
        .chars()
        .skip(all.chars().count().saturating_sub(250))
        .collect();
    Ok(refusal(&tail, &tail))
}

#[test]
fn a_server_that_repeats_the_request_repeats_no_secret() {
    for grant in grants("https://as.example") {
        for outcome in [
            grant.obtain(&transport::from_fn(echo)),
            grant.refresh(&secret("refresh"), &transport::from_fn(echo)),
        ] {
            let error = outcome.expect_err("refused");
            assert!(matches!(error, Error::Refused(_)), "{error:?}");
            assert_quiet(&shown(&error));
            assert!(
                shown(&error).contains('…'),
                "something was left out: {error}"
            );
        }
    }
}

/// Returns the text of a refusal that repeats a secret of the request in these words.
fn repeated(secret: &Secret, words: impl Fn(&str) -> String + Sync) -> String {
    repeated_to("7_4hzk", secret, words)
}

fn repeated_to(client_id: &str, secret: &Secret, words: impl Fn(&str) -> String + Sync) -> String {
    let refuse = transport::from_fn(|_| {
        let words = words(secret.expose());
        Ok(refusal(&words, &words))
    });
    let in_its_own = transport::from_fn(|_| {
        let words = words(secret.expose());
        let body = serde_json::json!({"errors": [{"code": words, "message": words}]});
        Ok(answer(401, &body.to_string()))
    });
    let request = || {
        let request = TokenRequest::json("https://as.example/token").param("client_id", client_id);
        request.secret("password", secret)
    };
    let refused = request().send(&refuse).expect_err("refused");
    let answered = request().send(&in_its_own).expect_err("a status");
    shown(&refused) + &shown(&answered)
}

#[test]
fn no_part_of_a_repeated_secret_is_left_where_the_text_is_cut() {
    let secret = Secret::new("s3cr3t-and-long-enough-to-be-cut-in-the-middle");
    for offset in 0..300 {
        let text = repeated(&secret, |secret| format!("{}{secret}", "x".repeat(offset)));
        assert!(!text.contains("xs3c"), "after {offset} characters: {text}");
    }
}

#[test]
fn a_repeated_secret_is_left_out_however_it_is_spelled() {
    let form = |secret: &str| {
        let bytes = secret.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    for odd in [
        "canary7Qz",
        "canary7Qz with spaces",
        "\"canary7Qz\"\\",
        "canary7Qz+&=%25",
        "canary7Qz\u{e9}\u{1f512}",
        "canary7Qz\u{202e}\u{200b}\u{7}",
        "\tcanary7Qz\n",
    ] {
        let secret = Secret::new(odd);
        assert_quiet(&repeated(&secret, str::to_owned));
        assert_quiet(&repeated(&secret, |secret| {
            format!("wrong password: {secret}")
        }));
        assert_quiet(&repeated(&secret, |secret| {
            format!("bad body: password={}", form(secret))
        }));
        assert_quiet(&repeated(&secret, |secret| {
            format!("bad body: password={}", form(secret).replace('+', "%20"))
        }));
        assert_quiet(&repeated(&secret, |secret| {
            format!("bad body: {}", serde_json::json!({"password": secret}))
        }));
    }
}

#[test]
fn a_secret_that_begins_like_another_value_is_left_out_whole() {
    let secret = Secret::new("canary7Qz-and-the-rest");
    let text = repeated_to(CANARY, &secret, |secret| format!("wrong: {secret}"));
    assert!(!text.contains("the-rest"), "{text}");
}

#[test]
fn a_code_that_contains_a_request_value_is_unchanged() {
    let refuse = transport::from_fn(|_| Ok(refusal("invalid_grant", "no")));
    let request = TokenRequest::form("https://as.example/token").param("client_id", "invalid");
    let error = request.send(&refuse).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the server refused the request: invalid_grant (no)"
    );
}

#[test]
fn a_client_secret_sent_by_basic_is_left_out_too() {
    for words in [
        |_: &str| format!("wrong secret {CANARY}client"),
        |header: &str| format!("wrong header {header}"),
        |header: &str| format!("wrong credentials {}", header.trim_start_matches("Basic ")),
    ] {
        let refuse = transport::from_fn(move |request: Request<Vec<u8>>| {
            let header = request.headers()["authorization"]
                .to_str()
                .expect("base64")
                .to_owned();
            Ok(refusal("invalid_client", &words(&header)))
        });
        let request = TokenRequest::form("https://as.example/token");
        let request = request
            .basic("batch", secret("client"))
            .param("grant_type", "client_credentials");
        let text = shown(&request.send(&refuse).expect_err("refused"));
        assert_quiet(&text);
        // `canary7Qz` in base64, after `batch:`.
        assert!(!text.contains("Y2FuYXJ5N1F6"), "{text}");
    }
}
