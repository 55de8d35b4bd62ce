//! The server's words are in the error, whichever members contain them.

use auth_core::grant::TokenRequest;
use auth_core::http::Response;
use auth_core::{Error, transport};

use crate::support::{CANARY, Script, answer, assert_quiet, quiet, shown};

use super::{body, read};

/// Returns the error message of this response to a login.
#[track_caller]
fn told(status: u16, text: &str) -> String {
    quiet(read(answer(status, text))).to_string()
}

#[test]
fn the_servers_words_are_shown_with_its_status() {
    for (text, said) in [
        (
            r#"{"errorCode":"E0000021","errorSummary":"A client_id must be provided in the request.","errorId":"oae","errorCauses":[]}"#,
            "E0000021: A client_id must be provided in the request.",
        ),
        (
            r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","correlationId":"c1"}"#,
            "BAD_REFRESH_TOKEN: missing or invalid refresh token",
        ),
        (
            r#"{"errors":[{"errorType":"invalid_client","message":"Invalid authorization header format."}],"success":false}"#,
            "invalid_client: Invalid authorization header format.",
        ),
        (
            r#"{"error":{"message":"Missing redirect_uri parameter.","type":"OAuthException","code":191}}"#,
            "191 OAuthException: Missing redirect_uri parameter.",
        ),
        (
            r#"{"error":{"code":"invalid_grant","message":"Refresh token has been revoked"}}"#,
            "invalid_grant: Refresh token has been revoked",
        ),
        (
            r#"{"error":[{"error_description":"no such user"}]}"#,
            "no such user",
        ),
        (
            r#"[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]"#,
            "INVALID_SESSION_ID: Session expired or invalid",
        ),
        (
            r#"{"statusCode":401,"message":"Access denied due to missing subscription key."}"#,
            "Access denied due to missing subscription key.",
        ),
        (
            r#"{"message":["username must be a string","password is short"]}"#,
            "username must be a string",
        ),
        (r#"{"errors":["Invalid login"]}"#, "Invalid login"),
        (r#"{"error":["gone"]}"#, "gone"),
        (
            r#"{"errors":{"password":["These credentials do not match."]}}"#,
            "These credentials do not match.",
        ),
        (
            r#"{"detail":[{"loc":["body"],"msg":"field required","type":"missing"}]}"#,
            "missing: field required",
        ),
        (
            r#"{"type":"https://errors.example/1","title":"Unauthorized","detail":"The key is inactive."}"#,
            "The key is inactive.",
        ),
        (
            r#"{"fault":{"faultstring":"Invalid client identifier","detail":{"errorcode":"oauth.v2.Invalid"}}}"#,
            "oauth.v2.Invalid: Invalid client identifier",
        ),
        (
            r#"{"errcode":40013,"errmsg":"invalid appid"}"#,
            "40013: invalid appid",
        ),
        (r#"{"error_message":"one"}"#, "one"),
        (r#"{"Message":"two"}"#, "two"),
        (r#"{"ErrorMessage":"three"}"#, "three"),
        (r#"{"Error":"four"}"#, "four"),
        (r#"{"summary":"five","raw":"six"}"#, "six"),
        (r#"{"code":1404}"#, "1404"),
    ] {
        let told = told(401, text);
        let expected =
            format!("the server answered 401 to the login ({said}); commonly wrong credentials");
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[test]
fn the_servers_words_are_shown_with_its_code() {
    for (text, said) in [
        (
            r#"{"error":"E_FORBIDDEN","status":403,"summary":"Forbidden","raw":"The company could not be found."}"#,
            "E_FORBIDDEN (The company could not be found.)",
        ),
        (
            r#"{"error":"invalid_grant","error_description":"","message":"Session not active"}"#,
            "invalid_grant (Session not active)",
        ),
        (
            r#"{"error":"invalid_grant","error_description":"one","message":"two"}"#,
            "invalid_grant (one)",
        ),
        (
            r#"{"error":"Unauthorized","message":"Unauthorized","statusCode":403}"#,
            "Unauthorized",
        ),
        (r#"{"error":9}"#, "9"),
        (
            r#"{"error":"unsupported","error_code":4711}"#,
            "unsupported (4711)",
        ),
    ] {
        let told = told(403, text);
        assert_eq!(told, format!("the server refused the request: {said}"));
    }
}

#[test]
fn a_success_without_a_token_shows_the_servers_words() {
    for (text, said) in [
        (
            r#"{"errcode":40013,"errmsg":"invalid appid"}"#,
            "the server refused the request: 40013 (invalid appid)",
        ),
        (
            r#"{"error":{"message":"Wrong key","type":"OAuthException","code":190}}"#,
            "the server refused the request: 190 (Wrong key)",
        ),
        (
            r#"{"error":{"code":"invalid_grant"}}"#,
            "the server refused the request: error (invalid_grant)",
        ),
        (
            r#"{"success":false,"message":"Wrong password"}"#,
            "the server refused the request: error (Wrong password)",
        ),
        (
            r#"{"errors":[{"message":"Wrong password"}]}"#,
            "the server refused the request: error (Wrong password)",
        ),
        (
            r#"{"status":"fail","message":"Wrong password"}"#,
            "the server refused the request: fail (Wrong password)",
        ),
        (
            r#"{"code":10001,"msg":"Wrong password","data":null}"#,
            "the server refused the request: 10001 (Wrong password)",
        ),
        (
            r#"{"message":"Service is being updated"}"#,
            "unusable response: it has no `access_token`; the server's words: Service is being updated",
        ),
    ] {
        assert_eq!(told(200, text), said);
    }
    let success = r#"{"errcode":0,"errmsg":"ok","access_token":"a","token_type":"bearer"}"#;
    assert!(body(success).is_ok());
}

#[test]
fn neither_a_page_nor_a_raw_body_is_shown() {
    for text in [
        "<html>canary7Qz</html>",
        r#"{"message":"<html><body>canary7Qz</body></html>"}"#,
        r#""canary7Qz""#,
        r#"["canary7Qz"]"#,
        "canary7Qz",
        r#"{"message":{"a":{"b":{"c":{"message":"canary7Qz"}}}}}"#,
        "{}",
        "",
    ] {
        let told = told(403, text);
        assert!(
            told.starts_with("the server answered 403 to the login;"),
            "{told}"
        );
    }
}

#[test]
fn the_servers_words_are_escaped_and_cut() {
    let text = serde_json::json!({"message": format!("a\u{1b}[31m\n{}", "x".repeat(1000))});
    let told = told(403, &text.to_string());
    assert!(
        told.contains(&format!("(a\\u{{1b}}[31m\\n{})", "x".repeat(249))),
        "{told}"
    );
}

#[test]
fn a_secret_that_a_server_repeats_in_its_own_words_is_left_out() {
    for text in [
        r#"{"message":"no user has canary7Qz-password"}"#,
        r#"{"errors":[{"code":"canary7Qz-password"}]}"#,
        r#"{"error":{"type":"canary7Qz-password","message":"wrong: canary7Qz-password"}}"#,
        r#"{"error":"canary7Qz-password","raw":"canary7Qz-password"}"#,
        r#"{"errmsg":"canary7Qz-password","errcode":1}"#,
    ] {
        for status in [200, 401, 404, 503] {
            let script = Script::of([answer(status, text)]);
            let request = TokenRequest::form("https://as.example/token");
            let request = request.param("password", "canary7Qz-password");
            assert_quiet(&shown(&request.send(&script).unwrap_err()));
        }
    }
    // Secrets of the server itself, in a response that cannot be used.
    let text = r#"{"message":"made canary7Qz-new","data":{"secretToken":"canary7Qz-new"}}"#;
    let told = told(200, text);
    assert!(told.contains("the server's words: made …"), "{told}");
}

#[test]
fn an_error_names_the_request_that_was_answered() {
    for (grant_type, asked) in [
        ("password", "the login"),
        ("client_credentials", "the login"),
        ("refresh_token", "the refresh"),
        ("authorization_code", "the code"),
        ("urn:ietf:params:oauth:grant-type:device_code", "the code"),
    ] {
        let request = TokenRequest::form("https://as.example/token");
        let request = request.param("grant_type", grant_type);
        let error = request.send(&Script::of([answer(401, "")])).unwrap_err();
        let expected = format!("the server answered 401 to {asked}; commonly ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    let ask = TokenRequest::form("https://as.example/introspect").param("token", "t");
    let error = ask.fetch(&Script::of([answer(401, "")])).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the server answered 401; check "),
        "{error}"
    );
}

#[test]
fn an_error_explains_its_status() {
    for (status, hint) in [
        (302, "redirects are not followed"),
        (400, "a parameter that the server does not take"),
        (403, "a proxy or firewall"),
        (404, "a deployment is under way"),
        (405, "check the endpoint's URL"),
        (415, "the encoding (form or JSON)"),
        (422, "the encoding (form or JSON)"),
        (429, "fewer requests"),
        (502, "the server or a proxy before it failed"),
    ] {
        let told = told(status, "");
        assert!(told.contains(hint), "{told}");
    }
}

#[test]
fn words_that_are_not_utf_8_are_shown_where_readable() {
    let refuse = |text: &'static [u8], status: u16| {
        let send = transport::from_fn(move |_| {
            let response = Response::builder().status(status);
            Ok(response.body(text.to_vec()).expect("a status"))
        });
        let request = TokenRequest::form("https://as.example/token");
        request.send(&send).unwrap_err()
    };
    let error = refuse(
        b"{\"error\":\"invalid_scope\",\"error_description\":\"Ung\xfcltig\"}",
        400,
    );
    assert!(
        error
            .to_string()
            .contains("invalid_scope (Ung\u{fffd}ltig)"),
        "{error}"
    );
    let error = refuse(b"{\"message\":\"Ung\xfcltiges Kennwort\"}", 401);
    assert!(matches!(error, Error::Status { .. }));
    assert!(
        error.to_string().contains("(Ung\u{fffd}ltiges Kennwort)"),
        "{error}"
    );
    assert!(!shown(&error).contains(CANARY));
}

/// A single word may be the token itself.
#[test]
fn a_single_word_of_a_success_is_not_shown() {
    for member in ["message", "raw", "detail"] {
        let text = format!(r#"{{"success":true,"{member}":"{CANARY}"}}"#);
        let error = body(text).unwrap_err();
        assert!(error.to_string().contains("no `access_token`"), "{error}");
        assert!(!shown(&error).contains(CANARY));
    }
}

#[test]
fn a_refusal_with_a_member_called_token_is_a_refusal() {
    let text = r#"{"error":{"code":"bad","message":"wrong password","token":"abcd1234"}}"#;
    let error = body(text).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(error.to_string().contains("wrong password"), "{error}");
}
