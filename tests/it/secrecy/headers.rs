//! Keys in headers, for a gateway in front of the token endpoint.

use auth_core::grant::TokenRequest;
use auth_core::http::Request;
use auth_core::transport;
use auth_core::{Error, Secret};

use crate::support::{CANARY, Script, answer, assert_quiet, quiet, shown};

use super::secret;

fn request(endpoint: &str) -> TokenRequest {
    TokenRequest::json(endpoint).param("grant_type", "client_credentials")
}

#[test]
fn a_secret_header_is_sent_and_marked_sensitive() {
    let send = transport::from_fn(|request: Request<Vec<u8>>| {
        let value = &request.headers()["x-space-auth-key"];
        assert_eq!(value, &format!("Basic {CANARY}key"));
        assert!(value.is_sensitive());
        assert_quiet(&format!("{request:?}"));
        Ok(answer(200, r#"{"access_token":"a","token_type":"bearer"}"#))
    });
    let request = request("https://as.example/token");
    let key = Secret::from(format!("Basic {CANARY}key"));
    request
        .secret_header("x-space-auth-key", &key)
        .send(&send)
        .unwrap();
}

#[test]
fn a_header_that_a_server_repeats_is_left_out() {
    let repeat = transport::from_fn(|request: Request<Vec<u8>>| {
        let value = request.headers()["x-key"]
            .to_str()
            .expect("ASCII")
            .to_owned();
        let bare = value.rsplit(' ').next().unwrap_or_default().to_owned();
        let words = format!("cannot read {value}, that is {bare}");
        let body = serde_json::json!({"error": words, "error_description": words});
        Ok(answer(401, &body.to_string()))
    });
    for value in [format!("{CANARY}key"), format!("Basic {CANARY}key")] {
        let request = || request("https://as.example/token");
        let secret = request().secret_header("x-key", Secret::new(value.as_str()));
        let error = quiet(secret.send(&repeat));
        assert!(error.to_string().contains("cannot read …"), "{error}");
        quiet(request().header("x-key", &value).send(&repeat));
    }
}

/// The gateway's error contains the decoded user and password.
#[test]
fn a_pair_that_a_server_decodes_is_left_out() {
    let words = format!("no client batch:{CANARY}key, secret {CANARY}key");
    let body = serde_json::json!({"error": "invalid_client", "error_description": words});
    // batch:canary7Qzkey
    let key = "Basic YmF0Y2g6Y2FuYXJ5N1F6a2V5";
    let script = Script::of([answer(401, &body.to_string())]);
    let request =
        request("https://as.example/token").secret_header("x-space-auth-key", Secret::new(key));
    let error = quiet(request.send(&script));
    assert!(
        error.to_string().contains("no client …, secret …"),
        "{error}"
    );
}

#[test]
fn an_invalid_secret_header_is_an_error_that_names_it() {
    let long = CANARY.repeat(300);
    for value in [
        "",
        "canary7Qz\n",
        " canary7Qz",
        "canary7Qz\u{e9}",
        long.as_str(),
    ] {
        let script = Script::default();
        let request =
            request("https://as.example/token").secret_header("x-key", Secret::new(value));
        let error = quiet(request.send(&script));
        assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains("`x-key`"), "{error}");
        assert_eq!(script.sent(), 0);
    }
}

#[test]
fn a_request_shows_names_and_no_values() {
    let request = request("https://user:canary7Qz@as.example/token?key=canary7Qz")
        .secret("password", secret("p"))
        .secret_header("x-key", secret("k"))
        .header("x-tenant", CANARY);
    let text = format!("{request:?}");
    assert_quiet(&text);
    for name in ["grant_type", "password", "x-key", "x-tenant"] {
        assert!(text.contains(name), "{text}");
    }
    let plain = TokenRequest::form("https://as.example/token?key=canary7Qz");
    let text = format!("{plain:?}");
    assert!(text.contains("https://as.example/token"), "{text}");
    assert_quiet(&text);
    assert_quiet(&shown(
        &plain.send(&Script::of([answer(500, "")])).unwrap_err(),
    ));
}
