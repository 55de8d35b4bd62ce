//! `Debug` of every public type.

use std::path::{Path, PathBuf};

use auth_core::clock::SystemClock;
use auth_core::grant::{ResponseFormat, TokenRequest, TokenResponse};
use auth_core::http::Response;
use auth_core::observe::Event;
use auth_core::testing::ManualClock;
use auth_core::transport::{ClientCertificate, HttpTransport, Tls};
use auth_core::{Secret, Session};
use oauth2_generic::{AuthorizationCode, ClientCredentials, Implicit, RefreshToken, Server};

use crate::support::{CANARY, Script, assert_quiet};

use super::{aerion, aeris, client, client_at, ermeo, password, secret};

const BASE: &str = "https://as.example";

/// Asserts that both styles of `Debug` show the type's name and no secret.
#[track_caller]
fn assert_redacted(shown: &dyn std::fmt::Debug, name: &str) {
    let text = format!("{shown:?}\n{shown:#?}");
    assert!(text.starts_with(name), "{text}");
    assert_quiet(&text);
}

fn response() -> TokenResponse {
    let body = format!(
        r#"{{"access_token":"{CANARY}a","refresh_token":"{CANARY}r","token_type":"bearer","expires_in":60,"id_token":"{CANARY}i"}}"#
    );
    let script = Script::of([Response::new(body.into())]);
    TokenRequest::form(format!("{BASE}/token"))
        .send(&script)
        .expect("a token")
}

#[test]
fn every_type_of_the_core_is_redacted() {
    assert_redacted(&secret("x"), "Secret(…)");
    assert_redacted(&response(), "TokenResponse {");
    let request = |request: TokenRequest| {
        request
            .secret("password", secret("p"))
            .basic("id", secret("s"))
            .secret_header("x-api-key", secret("k"))
            .header("x-tenant", &format!("{CANARY}t"))
    };
    assert_redacted(&request(TokenRequest::form(BASE)), "TokenRequest {");
    assert_redacted(&request(TokenRequest::json(BASE)), "TokenRequest {");
    assert_redacted(&request(TokenRequest::query(BASE)), "TokenRequest {");
    assert_redacted(&ResponseFormat::default(), "ResponseFormat {");
    assert_redacted(&ManualClock::new(), "ManualClock(");
    assert_redacted(&SystemClock::new(), "SystemClock");
    assert_redacted(&Event::Stored, "Stored");

    let proxy = Secret::new(format!("http://user:{CANARY}@127.0.0.1:1"));
    let certificate = ClientCertificate::pem(CANARY, secret("k"));
    let tls = Tls::default().only_authorities(CANARY);
    assert_redacted(&certificate, "ClientCertificate {");
    assert_redacted(&tls, "Tls {");
    let builder = HttpTransport::builder().proxy(proxy);
    assert_redacted(&builder, "HttpTransportBuilder {");
    assert_redacted(&builder.build().unwrap(), "HttpTransport {");

    let builder = || {
        Session::builder(ermeo(BASE))
            .refresh_token(secret("r"))
            .tokens(response())
    };
    assert_redacted(&builder(), "SessionBuilder {");
    let session = builder().build().unwrap();
    assert_redacted(&session, "Session {");
    let token = session.token().expect("it was given");
    assert_eq!(token.expose(), format!("{CANARY}a"), "the canary is there");
    assert_redacted(&token, "Token {");
    assert_redacted(&token.authorization(), "Sensitive");
    assert_redacted(&token.extra("id_token"), "Some(Secret(…))");
    assert_redacted(&session.refresh_token(), "Some(Secret(…))");
    assert_redacted(session.identity(), "Identity(");
    assert_quiet(&session.identity().to_string());
}

#[test]
fn every_grant_is_redacted() {
    assert_redacted(&aerion(BASE), "Aerion {");
    assert_redacted(&aeris(BASE), "Aeris {");
    assert_redacted(&ermeo(BASE), "Ermeo {");
    assert_redacted(&client(BASE), "Client(Settings {");
    assert_redacted(&password(BASE), "Password {");
    assert_redacted(&ClientCredentials::new(client(BASE)), "ClientCredentials {");
    let kept = RefreshToken::new(client(BASE));
    assert_redacted(&kept, "RefreshToken {");

    let server =
        Server::new(format!("{BASE}/token")).authorization_endpoint(format!("{BASE}/authorize"));
    assert_redacted(&server, "Server {");
    let client = client_at(server);
    let redirect_uri = "https://app.example.com/back";
    let login = AuthorizationCode::new(client.clone(), redirect_uri);
    assert_redacted(&login, "AuthorizationCode {");
    let pending = login.begin(&Script::default()).expect("a URL");
    assert_redacted(&pending, "PendingLogin {");
    assert_redacted(&pending.save(), "Secret(…)");

    let implicit = Implicit::new(client, redirect_uri);
    assert_redacted(&implicit, "Implicit {");
    let pending = implicit.begin().expect("a URL");
    assert_redacted(&pending, "PendingImplicit {");
    let state = pending.state().to_owned();
    let back = format!("{redirect_uri}#access_token={CANARY}&token_type=bearer&state={state}");
    assert_redacted(&pending.read(&back).expect("a token"), "TokenResponse {");
}

/// Compiles only if `$type` does not implement `$trait`: otherwise two impls apply and `_` is ambiguous.
macro_rules! assert_not {
    ($type:ty: $trait:path) => {{
        trait Either<T> {
            fn look() {}
        }
        impl<T: ?Sized> Either<()> for T {}
        impl<T: ?Sized + $trait> Either<u8> for T {}
        <$type as Either<_>>::look()
    }};
}

#[test]
fn a_secret_can_be_neither_displayed_nor_serialized() {
    assert_not!(Secret: serde::Serialize);
    assert_not!(Secret: std::fmt::Display);
    assert_not!(auth_core::Token: serde::Serialize);
    assert_not!(auth_core::Token: std::fmt::Display);
    assert_not!(TokenResponse: serde::Serialize);
    // `expose` is the only way to the text, so that a search finds every use.
    assert_not!(Secret: AsRef<str>);
    assert_not!(Secret: std::ops::Deref);
    assert_not!(Secret: Into<String>);
}

#[test]
fn no_crate_of_ours_starts_a_child_that_could_inherit_a_secret() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("crates");
    let mut files = sources(&crates);
    files.retain(|file| file.components().any(|part| part.as_os_str() == "src"));
    assert!(files.len() > 20, "the sources were found: {files:?}");
    let exceptions = [
        // It opens a browser, at a URL without a secret.
        Path::new("oauth2-generic/src/browser/opening.rs"),
        // It runs the user's command with the token alone, as the user asks; a test of that crate looks at what it gets.
        Path::new("auth-all-cli/src/command/exec.rs"),
        Path::new("auth-all-cli/src/command/exec/descriptor.rs"),
    ];
    let before = files.len();
    files.retain(|file| !exceptions.iter().any(|exception| file.ends_with(exception)));
    assert_eq!(files.len(), before - exceptions.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("process::Command"), "{}", file.display());
        assert!(!text.contains("set_var"), "{}", file.display());
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
