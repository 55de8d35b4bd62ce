//! Responses without tokens: metadata, introspection, device logins, pushed requests.

use std::sync::atomic::{AtomicU32, Ordering};

use auth_core::testing::ManualClock;
use auth_core::transport::Origin;
use auth_core::{Secret, transport};
use oauth2_generic::{AuthorizationCode, Client, DeviceLogin, DevicePrompt, Metadata, Server};

use crate::holds::{
    CLIENT_SECRET, CODE_VERIFIER, REFRESH_TOKEN, is_one_line, is_quiet, is_quiet_debug,
};
use crate::tokens::{TOKEN, URL};
use crate::wire::{Answers, down};

/// The metadata of a server, asked for under the name that it gives itself; and the same text as a saved server.
pub(crate) fn metadata(input: &[u8]) {
    let answers = Answers::read(input);
    let body = answers.first().body().clone();
    let document = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
    let issuer = document["issuer"].as_str().unwrap_or("https://as.example");
    match Server::discover_with(issuer, &answers) {
        Ok(server) => {
            let found = server.metadata().expect("metadata");
            assert_eq!(found.issuer, issuer);
            for url in endpoints(found) {
                assert!(origin(url).is_private(), "{url}");
            }
            is_saved(&server);
            let client = Client::new(server, "app").secret(Secret::new(CLIENT_SECRET));
            let login = AuthorizationCode::new(client, "https://app.example/cb");
            let down = transport::from_fn(|_| Err(down()));
            if let Err(error) = login.begin(&down) {
                is_quiet(&error, &[CLIENT_SECRET]);
            }
        }
        Err(error) => {
            is_quiet(&error, &[]);
        }
    }
    match Server::from_json(&String::from_utf8_lossy(&body)) {
        Ok(server) => is_saved(&server),
        Err(error) => {
            is_quiet(&error, &[]);
        }
    }
}

/// A server's description of a token.
pub(crate) fn introspection(input: &[u8]) {
    let server = Server::new(URL).introspection_endpoint("https://as.example/introspect");
    let client = Client::new(server, "app").secret(Secret::new(CLIENT_SECRET));
    let answers = Answers::read(input);
    match client.introspect(&Secret::new(REFRESH_TOKEN), &answers) {
        Ok(found) => {
            let said = String::from_utf8_lossy(answers.first().body()).into_owned();
            assert!(!found.active || said.contains("true"), "active: {said}");
            let texts = [&found.scope, &found.sub, &found.iss, &found.jti];
            assert!(texts.into_iter().flatten().all(|text| !text.is_empty()));
        }
        Err(error) => {
            is_quiet(&error, &[CLIENT_SECRET, REFRESH_TOKEN]);
        }
    }
}

/// The response to a device login, and the responses to those who wait for its token.
pub(crate) fn device_login(input: &[u8]) {
    let server = Server::new(URL).device_authorization_endpoint("https://as.example/device");
    let client = Client::new(server, "app").secret(Secret::new(CLIENT_SECRET));
    let answers = Answers::read(input).then(TOKEN);
    let looks = AtomicU32::new(0);
    let login = DeviceLogin::new(client)
        .clock(ManualClock::new())
        .show(check_prompt)
        .cancel_when(move || looks.fetch_add(1, Ordering::Relaxed) > MOST_LOOKS);
    match login.exchange(&answers) {
        Ok(tokens) => assert!(!tokens.access_token.expose().is_empty()),
        Err(error) => {
            is_quiet(&error, &[CLIENT_SECRET]);
        }
    }
}

/// The response to a pushed authorization request (RFC 9126).
pub(crate) fn pushed(input: &[u8]) {
    let server = Server::new(URL)
        .authorization_endpoint("https://as.example/authorize")
        .pushed_authorization_request_endpoint("https://as.example/par");
    let client = Client::new(server, "app").secret(Secret::new(CLIENT_SECRET));
    let login = AuthorizationCode::new(client, "https://app.example/cb");
    match login.begin(&Answers::read(input)) {
        Ok(pending) => {
            let url = pending.url();
            assert!(url.starts_with("https://as.example/authorize?"), "{url}");
            assert!(!url.contains("code_challenge") && url.contains("request_uri="));
            assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
            let again = login.resume(&pending.save()).unwrap();
            assert_eq!((again.url(), again.state()), (url, pending.state()));
        }
        Err(error) => {
            is_quiet(&error, &[CLIENT_SECRET, CODE_VERIFIER]);
        }
    }
}

/// Asserts that a server is the same after it was saved.
fn is_saved(server: &Server) {
    let text = server.to_json();
    let again = Server::from_json(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(again.to_json(), text);
    assert_eq!(again.token_endpoint(), server.token_endpoint());
}

fn endpoints(found: &Metadata) -> impl Iterator<Item = &String> {
    let urls = [
        &found.authorization_endpoint,
        &found.token_endpoint,
        &found.device_authorization_endpoint,
        &found.pushed_authorization_request_endpoint,
        &found.revocation_endpoint,
        &found.introspection_endpoint,
        &found.jwks_uri,
    ];
    let aliases = found.mtls_endpoint_aliases.values();
    urls.into_iter().flatten().chain(aliases)
}

/// Where a request to a URL leads.
fn origin(url: &str) -> Origin {
    let origin = url.parse().ok().and_then(|uri| Origin::of(&uri));
    origin.unwrap_or_else(|| panic!("{url} has no origin"))
}

/// Asserts that a user can be shown this.
fn check_prompt(prompt: &DevicePrompt) {
    is_one_line(&prompt.to_string());
    let urls = [
        Some(&prompt.verification_uri),
        prompt.verification_uri_complete.as_ref(),
    ];
    for url in urls.into_iter().flatten() {
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
        assert!(origin(url).is_private(), "{url}");
    }
    assert!((1..=24 * 3600).contains(&prompt.expires_in.as_secs()));
    // A shorter one is in every other word.
    if prompt.user_code.len() > 6 && !"expires_in: DevicePrompt".contains(&prompt.user_code) {
        is_quiet_debug(prompt, &[&prompt.user_code]);
    }
    // A URL that is too long for a code is an error.
    if let Ok(code) = prompt.qr() {
        assert!(!code.to_string().is_empty());
    }
}

/// Each look is a quarter of a second; a login may wait a day.
const MOST_LOOKS: u32 = 2000;
