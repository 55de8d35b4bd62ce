//! Values of `token_type` that mean bearer, and values that do not.

use std::sync::Arc;

use auth_core::grant::{
    ProofRequest, ProofResponse, Prover, ResponseFormat, TokenRequest, TokenResponse, TokenType,
};
use auth_core::http::Response;
use auth_core::{Result, Secret};

use crate::support::{CANARY, Script, answer, quiet};

use super::{assert_malformed, body, read_as};

#[test]
fn the_token_type_must_be_bearer_unless_it_is_waived() {
    let typed = |kind: &str| format!(r#"{{"access_token":"{CANARY}"{kind}}}"#);
    for kind in ["bearer", "Bearer", "BEARER"] {
        assert!(
            body(typed(&format!(r#","token_type":"{kind}""#))).is_ok(),
            "{kind}"
        );
    }
    for kind in [
        r#""mac""#,
        "123",
        r#""""#,
        r#""bearer ""#,
        r#"["bearer"]"#,
        "{}",
    ] {
        let text = typed(&format!(r#","token_type":{kind}"#));
        assert_malformed(body(text), "its token_type is not bearer");
    }
    for missing in ["", r#","token_type":null"#] {
        assert_malformed(body(typed(missing)), "it has no token_type");
        let waived = ResponseFormat::new().token_type_optional();
        let response = read_as(waived, answer(200, &typed(missing)));
        assert_eq!(response.unwrap().access_token.expose(), CANARY);
    }
    let waived = ResponseFormat::new().token_type_optional();
    let mac = read_as(waived, answer(200, &typed(r#","token_type":"mac""#)));
    assert_malformed(mac, "its token_type is not bearer");
}

/// A response with this `token_type`.
fn typed(kind: &str) -> String {
    format!(r#"{{"access_token":"{CANARY}","token_type":{kind},"expires_in":60}}"#)
}

fn also(words: &[&'static str]) -> ResponseFormat {
    words
        .iter()
        .copied()
        .fold(ResponseFormat::new(), ResponseFormat::token_type)
}

#[test]
fn a_word_for_bearer_is_accepted_where_it_is_set() {
    for (word, kind) in [
        ("BearerToken", r#""BearerToken""#),
        ("BearerToken", r#""bearertoken""#),
        ("jwt-bearer", r#""jwt-bearer""#),
        (
            "urn:ietf:params:oauth:token-type:jwt",
            r#""urn:ietf:params:oauth:token-type:jwt""#,
        ),
    ] {
        let response = read_as(also(&["jwt", word]), answer(200, &typed(kind))).unwrap();
        assert_eq!(response.access_token.expose(), CANARY, "{kind}");
        assert_eq!(response.token_type, TokenType::Bearer, "sent as bearer");
    }
    let other = read_as(
        also(&["BearerToken"]),
        answer(200, &typed(r#""jwt-bearer""#)),
    );
    assert_malformed(other, "not bearer but `jwt-bearer`");
}

#[test]
fn the_error_names_the_word_and_the_setting() {
    let error = quiet(body(typed(r#""BearerToken""#)));
    assert_eq!(
        error.to_string(),
        "unusable response: its token_type is not bearer but `BearerToken`; if the server \
         means bearer by it, add the word by `ResponseFormat::token_type`"
    );
    for hidden in [
        format!(r#""{CANARY}""#),
        format!(r#""{}""#, "long".repeat(20)),
        r#""<b>""#.to_owned(),
    ] {
        assert_malformed(
            body(typed(&hidden)),
            "add its word by `ResponseFormat::token_type`",
        );
    }
    let missing = body(r#"{"access_token":"a"}"#);
    assert_malformed(missing, "set `ResponseFormat::token_type_optional`");
}

#[test]
fn no_setting_accepts_a_type_unusable_as_bearer() {
    let lenient = also(&["mac", "DPoP", "N_A"]).token_type_optional();
    for kind in ["mac", "MAC", "dpop", "DPoP", "N_A", "n_a"] {
        let outcome = read_as(
            lenient.clone(),
            answer(200, &typed(&format!(r#""{kind}""#))),
        );
        assert_malformed(outcome, "cannot be used like this");
    }
    for kind in ["123", "{}", r#"["bearer"]"#, "true"] {
        let outcome = read_as(lenient.clone(), answer(200, &typed(kind)));
        assert_malformed(outcome, "its token_type is not bearer, and not a text");
    }
}

#[test]
fn without_the_check_any_other_word_means_bearer() {
    let waived = ResponseFormat::new().token_type_optional();
    for kind in [r#""BearerToken""#, r#""JWT""#, r#""""#] {
        let response = read_as(waived.clone(), answer(200, &typed(kind))).unwrap();
        assert_eq!(response.token_type, TokenType::Bearer, "{kind}");
    }
    for kind in [r#""BearerToken""#, r#""bearer""#, r#""""#] {
        let outcome = read_bound(waived.clone(), answer(200, &typed(kind)));
        assert_malformed(outcome, "did not bind the token to the key");
    }
}

#[test]
fn no_word_for_bearer_passes_for_dpop() {
    let format = also(&["BearerToken"]);
    for kind in [r#""BearerToken""#, r#""Bearer""#] {
        let outcome = read_bound(format.clone(), answer(200, &typed(kind)));
        assert_malformed(outcome, "did not bind the token to the key");
    }
}

/// Reads a response to a request whose tokens are bound to a key.
fn read_bound(format: ResponseFormat, answer: Response<Vec<u8>>) -> Result<TokenResponse> {
    let request = TokenRequest::form("https://as.example/token").prover(Arc::new(Bound));
    request.response(format).send(&Script::of([answer]))
}

/// A prover that returns the same proof each time.
#[derive(Debug)]
struct Bound;

impl Prover for Bound {
    fn prove(&self, _: &ProofRequest<'_>) -> Result<Secret> {
        Ok(Secret::new("proof"))
    }

    fn learn(&self, _: &ProofResponse<'_>) -> bool {
        false
    }
}
