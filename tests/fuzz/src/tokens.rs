//! Responses of a token endpoint: tokens, refusals, their headers, and proofs of possession.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aeris_auth::Aeris;
use auth_core::clock::Clock;
use auth_core::error::Remedy;
use auth_core::grant::{
    ExpiryFormat, Grant, Lifetime, ResponseFormat, TokenRequest, TokenResponse, TokenType,
};
use auth_core::http::Response;
use auth_core::store::MemoryStore;
use auth_core::testing::ManualClock;
use auth_core::{Error, Result, Secret, Session, transport};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ermeo_auth::Ermeo;
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, DpopKey, Password, Server, SigningKey,
};
use serde_json::Value;

use crate::holds::{CANARY, CLIENT_SECRET, PASSWORD, is_one_line, is_quiet, is_quiet_debug};
use crate::wire::{Answers, down};

/// A response to a login, read in every format.
pub(crate) fn token_response(input: &[u8]) {
    let answers = Answers::read(input);
    let response = answers.first().clone();
    let mut secrets = own_secrets(&response);
    secrets.extend([CLIENT_SECRET, PASSWORD].map(str::to_owned));
    for request in requests() {
        let outcome = request.send(&Answers::of(vec![response.clone()]));
        is_sound(&outcome, &secrets);
    }
    let grant = password_grant();
    let read = grant.login_request().and_then(|it| it.send(&answers));
    is_sound(&read, &secrets);
    if let Ok(tokens) = read {
        is_kept(&grant, tokens);
    }
}

/// Refusals and failures: two responses, the last one repeated, for a day.
pub(crate) fn refusal(input: &[u8]) {
    let answers = Arc::new(Answers::read(input));
    let clock = ManualClock::new();
    let store = MemoryStore::new();
    let session = || {
        let builder = Session::builder(password_grant()).store(store.clone());
        let builder = builder.clock(clock.clone());
        builder.transport(Arc::clone(&answers)).build().unwrap()
    };
    let (first, second) = (session(), session());
    for wait in [0, 10, 3600, 20 * 3600] {
        clock.advance(Duration::from_secs(wait));
        for session in [&first, &second] {
            match session.token() {
                Ok(token) => {
                    is_header(token.expose());
                    let _ = session.reject(&token);
                }
                Err(error) => {
                    is_quiet(&error, &[CLIENT_SECRET, PASSWORD]);
                    is_advice(&error);
                }
            }
            is_one_line(&session.status().to_string().replace('\n', " "));
            is_quiet_debug(session, &[CLIENT_SECRET, PASSWORD]);
        }
    }
    assert!(answers.count() <= MOST_REQUESTS, "{}", answers.count());
}

/// `Retry-After`, `Date`, `Age` and whatever else is in the head of a refusal.
pub(crate) fn headers(input: &[u8]) {
    let with = |status: &str, body: &str| {
        let head = [status.as_bytes(), b"\n", input].concat();
        let text = [&head, b"\n\n".as_slice(), body.as_bytes()].concat();
        Answers::read(&text)
    };
    let form = || {
        let request = TokenRequest::form(URL);
        let expiry = ResponseFormat::new().expires("expires_in", ExpiryFormat::HttpDate);
        request
            .secret("password", Secret::new(PASSWORD))
            .response(expiry)
    };
    let busy = form().send(&with("HTTP/1.1 503 Busy", ""));
    if let Err(error) = &busy {
        is_quiet(error, &[PASSWORD]);
        is_advice(error);
    }
    let body = r#"{"access_token":"a","token_type":"bearer","expires_in":"Thu, 01 Jan 2026 01:00:00 GMT"}"#;
    is_sound(&form().send(&with("HTTP/1.1 200 OK", body)), &[]);

    let key = SigningKey::from_pem(key()).unwrap();
    let client = Client::new(Server::new(URL), "app").auth(ClientAuth::private_key_jwt(key));
    let body = r#"{"error":"invalid_client"}"#;
    let answers = with("HTTP/1.1 401 Unauthorized", body).then(TOKEN);
    let outcome = ClientCredentials::new(client)
        .login_request()
        .unwrap()
        .send(&answers);
    if let Err(error) = &outcome {
        is_quiet(error, &[]);
    }
    assert!(answers.count() <= 2, "{} requests", answers.count());
}

/// A response to a request with a proof (RFC 9449), then a token: the nonce that is sent is the server's.
pub(crate) fn dpop(input: &[u8]) {
    let answers = Answers::read(input).then(TOKEN.replace("bearer", "DPoP").as_str());
    let nonce = answers.first().headers().get("dpop-nonce").cloned();
    let key = DpopKey::from_pem(key()).unwrap();
    let server = Server::new(URL);
    let client = Client::new(server, "app")
        .secret(Secret::new(CLIENT_SECRET))
        .dpop(key);
    let outcome = ClientCredentials::new(client)
        .login_request()
        .unwrap()
        .send(&answers);
    match &outcome {
        Ok(tokens) => assert_eq!(tokens.token_type, TokenType::Dpop),
        Err(error) => {
            is_quiet(error, &[CLIENT_SECRET]);
        }
    }
    let sent = answers.sent();
    assert!((1..=2).contains(&sent.len()), "{} requests", sent.len());
    assert_eq!(nonce_of(&sent[0]), None);
    if let Some(second) = sent.get(1).and_then(nonce_of) {
        let nonce = nonce.expect("a nonce of the server");
        assert_eq!(second.as_bytes(), nonce.as_bytes());
    }
}

/// Asserts what holds for each outcome of a token request.
fn is_sound(outcome: &Result<TokenResponse>, secrets: &[String]) {
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    match outcome {
        Ok(tokens) => {
            is_header(tokens.access_token.expose());
            if let Some(token) = &tokens.refresh_token {
                assert!(!token.expose().is_empty(), "an empty refresh token");
            }
            let longest = Duration::from_secs(366 * 24 * 3600);
            if let Lifetime::For(life) = tokens.lifetime {
                assert!(life <= longest, "{life:?}");
            }
            // The scope and the names of members are shown, whatever a server writes there.
            let names = tokens.extra.keys().chain(&tokens.scope);
            let names: String = names.map(String::as_str).collect();
            let secrets = secrets.iter().filter(|secret| !names.contains(**secret));
            is_quiet_debug(tokens, &secrets.copied().collect::<Vec<_>>());
        }
        Err(error) => {
            is_quiet(error, &secrets);
            is_advice(error);
        }
    }
}

/// Asserts that a session keeps these tokens, and that another one finds them in the store.
fn is_kept(grant: &Password, tokens: TokenResponse) {
    let clock = ManualClock::new();
    let lives = match tokens.lifetime {
        Lifetime::For(life) => life >= Duration::from_secs(1),
        Lifetime::Until(at) => at > SystemTime::from(clock.now().wall.plus(Duration::from_secs(1))),
        _ => true,
    };
    let token = tokens.access_token.clone();
    let store = MemoryStore::new();
    let session = |tokens: Option<TokenResponse>| {
        let builder = Session::builder(grant.clone()).store(store.clone());
        let builder = builder.clock(clock.clone()).retries(0);
        let builder = builder.transport(transport::from_fn(|_| Err(down())));
        match tokens {
            Some(tokens) => builder.tokens(tokens).build(),
            None => builder.build(),
        }
    };
    let first = session(Some(tokens)).unwrap();
    let outcome = first.token();
    match &outcome {
        Ok(found) => assert_eq!(found.expose(), token.expose()),
        Err(error) => {
            is_quiet(error, &[PASSWORD]);
            assert!(!lives, "a token that lives is an error: {error}");
        }
    }
    let again = session(None).unwrap().token();
    match &again {
        Ok(found) => assert_eq!(found.expose(), token.expose()),
        Err(error) => assert!(outcome.is_err(), "a stored token is not found: {error}"),
    }
}

/// Asserts that a token can be a header's value.
fn is_header(token: &str) {
    let fits = |byte: u8| byte.is_ascii_graphic();
    assert!(!token.is_empty() && token.bytes().all(fits), "{token:?}");
}

/// Asserts that the advice of an error is usable.
fn is_advice(error: &Error) {
    let day = Duration::from_secs(24 * 3600);
    assert!(error.retry_after().is_none_or(|wait| wait <= day));
    if let Error::BackOff { wait, .. } = error {
        assert!(*wait <= day + Duration::from_secs(3600), "{wait:?}");
    }
    assert!(error.remedy() != Remedy::RepairStore, "{error}");
}

/// The secrets of a response: the texts of members that are secrets by their names.
fn own_secrets(response: &Response<Vec<u8>>) -> Vec<String> {
    let Ok(Value::Object(members)) = serde_json::from_slice(response.body()) else {
        return Vec::new();
    };
    let named = NAMES.iter().filter_map(|name| members.get(*name)?.as_str());
    let planted = |text: &&str| text.starts_with(CANARY) && text.len() > 12 && !text.contains(' ');
    named.filter(planted).map(str::to_owned).collect()
}

/// A request in each format that servers need.
fn requests() -> Vec<TokenRequest> {
    let formats = [
        ResponseFormat::new(),
        ResponseFormat::new()
            .token_type_optional()
            .expires("expires_in_ms", ExpiryFormat::Milliseconds),
        ResponseFormat::new()
            .access_token("data.access_token")
            .token_type("BearerToken")
            .expires("expires_at", ExpiryFormat::EpochMilliseconds),
        ResponseFormat::new()
            .access_token("0.access_token")
            .lifetime(Duration::from_secs(600))
            .success(302),
        ResponseFormat::new()
            .access_token("token")
            .token_type_optional()
            .expires("expires", ExpiryFormat::Rfc3339),
        ResponseFormat::new().expires(".expires", ExpiryFormat::HttpDate),
        ResponseFormat::new().expires("", ExpiryFormat::JwtExp),
        ResponseFormat::new()
            .refresh_token("refreshToken")
            .refresh_token_lifetime(Duration::from_secs(600))
            .expires("expires_on", ExpiryFormat::EpochSeconds),
    ];
    let of = |format| {
        let request = TokenRequest::form(URL).secret("client_secret", Secret::new(CLIENT_SECRET));
        request
            .secret("password", Secret::new(PASSWORD))
            .response(format)
    };
    let mut requests: Vec<_> = formats.into_iter().map(of).collect();
    let ermeo = Ermeo::new("1_abc", Secret::new(CLIENT_SECRET));
    let ermeo = ermeo.password("ada@example.com", Secret::new(PASSWORD));
    let aeris = Aeris::new("app", Secret::new(CLIENT_SECRET))
        .account("1", Secret::new(PASSWORD))
        .requester("ada@example.com");
    requests.extend([ermeo.login_request(), aeris.login_request()].map(Result::unwrap));
    requests
}

pub(crate) fn password_grant() -> Password {
    let client = Client::new(Server::new(URL), "app").secret(Secret::new(CLIENT_SECRET));
    Password::new(client, "ada@example.com", Secret::new(PASSWORD))
}

/// A private key, the same for all inputs of one process.
fn key() -> &'static Secret {
    static KEY: OnceLock<Secret> = OnceLock::new();
    KEY.get_or_init(|| DpopKey::generate().unwrap().to_pem())
}

fn nonce_of(request: &auth_core::http::Request<Vec<u8>>) -> Option<String> {
    let proof = request.headers().get("dpop").expect("a proof");
    let payload = proof.to_str().unwrap().split('.').nth(1).unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims.get("nonce")?.as_str().map(str::to_owned)
}

pub(crate) const URL: &str = "https://as.example/token";
pub(crate) const TOKEN: &str =
    r#"{"access_token":"canary7QzAccessToken","token_type":"bearer","expires_in":3600}"#;
const NAMES: [&str; 7] = [
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "password",
    "token",
    "jwt",
];
/// Of two sessions that ask four times each, with all repeats.
const MOST_REQUESTS: usize = 80;
