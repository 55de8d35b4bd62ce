//! Connection strings and URLs that an operator sets. None is connected to: a time-out of zero comes first.

use std::time::Duration;

use auth_core::grant::{Grant, TokenRequest};
use auth_core::http::Uri;
use auth_core::transport::{HttpTransport, Origin};
use auth_core::{Error, Secret};
use auth_store_postgres::PostgresStore;
use auth_store_redis::RedisStore;
use oauth2_generic::{AuthorizationCode, Client, Discovery, Implicit, RefreshToken, Server};

use crate::holds::{PASSWORD, is_quiet, is_quiet_debug, quotes_nothing};
use crate::wire::Answers;

/// A connection string of PostgreSQL.
pub(crate) fn postgres(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let builder = PostgresStore::builder(text.clone()).timeout(Duration::ZERO);
    is_quiet_debug(&builder, &[PASSWORD]);
    let error = builder.connect().expect_err("a time-out that is too short");
    assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
    is_secret(&error, input);
}

/// A URL of Redis.
pub(crate) fn redis(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let builder = RedisStore::builder(text.clone()).timeout(Duration::ZERO);
    is_quiet_debug(&builder, &[PASSWORD]);
    for builder in [builder.clone(), builder.danger_allow_plaintext()] {
        let error = builder.connect().expect_err("a time-out that is over");
        is_secret(&error, input);
    }
}

/// A URL in every place that takes one.
pub(crate) fn urls(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let gone = Answers::of(Vec::new()).then("HTTP/1.1 404\n\n");
    let refused = |error: &Error| is_secret(error, input);
    let request = TokenRequest::form(text.clone()).param("a", text.clone());
    if let Err(error) = request.check().and_then(|()| request.send(&gone).map(drop)) {
        refused(&error);
    }
    if let Err(error) = TokenRequest::query(text.clone()).send(&gone) {
        refused(&error);
    }
    if let Err(error) = HttpTransport::builder()
        .proxy(Secret::new(text.clone()))
        .build()
    {
        refused(&error);
    }
    if let Err(error) = Discovery::new(text.clone()).discover(&gone) {
        refused(&error);
    }
    if let Err(error) = Discovery::new("https://as.example")
        .at(text.clone())
        .discover(&gone)
    {
        refused(&error);
    }
    let client = Client::new(
        Server::new(text.clone()).authorization_endpoint(text.clone()),
        "app",
    );
    let _ = RefreshToken::new(client.clone()).identity();
    for (client, redirect_uri) in [
        (client.clone(), "https://app.example/cb".to_owned()),
        (known(), text.clone()),
    ] {
        let pending = AuthorizationCode::new(client.clone(), redirect_uri.clone()).begin(&gone);
        match &pending {
            Ok(pending) => is_url(pending.url()),
            Err(error) => refused(error),
        }
        match &Implicit::new(client, redirect_uri).begin() {
            Ok(pending) => is_url(pending.url()),
            Err(error) => refused(error),
        }
    }
    if let Some(origin) = text.parse::<Uri>().ok().and_then(|uri| Origin::of(&uri)) {
        // `http` reads `a[:]` as a host.
        if let Ok(again) = origin.to_string().parse::<Uri>() {
            assert_eq!(Origin::of(&again).as_ref(), Some(&origin));
        }
    }
}

/// Asserts that an error shows no password, and nothing that looks like one.
fn is_secret(error: &Error, input: &[u8]) {
    let shown = is_quiet(error, &[PASSWORD]);
    quotes_nothing(&shown, input);
}

/// Asserts that a browser can be sent to this.
fn is_url(url: &str) {
    assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
}

fn known() -> Client {
    let server = Server::new("https://as.example/token");
    Client::new(
        server.authorization_endpoint("https://as.example/authorize"),
        "app",
    )
}
