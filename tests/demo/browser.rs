//! A person logs in, in a browser and with a device: at a real server, in a real Chromium.

mod device; // a code that is entered elsewhere
mod login; // the person logs in and consents, and the code comes back
mod person;
mod server;
mod wire;

use std::io;
use std::time::Duration;

use auth_all::Session;
use auth_all::agent::ureq;
use auth_all::error::{ErrorCode, LoginReason};
use auth_all::generic::{Client, Metadata, RefreshToken};

use crate::exchange::{Exchange, Field};
use crate::report::Report;
use crate::story;
use person::Person;
use server::{ALICE, Server};
use wire::{Heard, Wire};

/// The whole of it, without anybody.
pub(crate) fn play(report: &mut Report) -> io::Result<()> {
    let (mut person, instead) = Person::new();
    let mut wire = Wire::new(report);
    let server = start(&mut wire, instead)?;
    if let Some(client) = log_in(&mut wire, &server, &mut person) {
        device::play(&mut wire, &server, &mut person, client);
    }
    Ok(())
}

/// The login in a browser, with whoever started the demonstration.
pub(crate) fn play_with_you(report: &mut Report) -> io::Result<()> {
    let mut wire = Wire::new(report);
    let server = start(&mut wire, None)?;
    log_in(&mut wire, &server, &mut Person::You);
    Ok(())
}

fn start(wire: &mut Wire<'_>, instead: Option<String>) -> io::Result<Server> {
    let (server, also) = Server::start(&wire.clock)?;
    for missing in [also, instead].into_iter().flatten() {
        wire.report.warn(&missing);
    }
    Ok(server)
}

/// The client, if all of it went well.
fn log_in(wire: &mut Wire<'_>, server: &Server, person: &mut Person) -> Option<Client> {
    let about = format!("{}; {}", server.about(), person.about());
    wire.report.heading("OAuth 2.0, in a browser", &about);
    let client = discover(wire, server)?;
    let session = login::play(wire, server, person, &client)?;
    obtain(wire, &session);
    use_it(wire, server, &session);
    renew(wire, server, &session);
    log_out(wire, server, &session, &client);
    Some(client)
}

/// From the issuer alone to a client.
fn discover(wire: &mut Wire<'_>, server: &Server) -> Option<Client> {
    let mut client = None;
    wire.step("discover", |heard| {
        let found = Metadata::discover(server.issuer(), heard);
        let found = found.map_err(story::instead_of("the server's metadata"))?;
        heard.show(announced(&found));
        let is_ours = |url: &String| url.starts_with(server.issuer());
        let ours = [&found.token_endpoint, &found.revocation_endpoint].map(is_ours);
        story::same("endpoints at the issuer", &ours, &[true; 2])?;
        let pkce = &found.code_challenge_methods_supported;
        story::same("PKCE with S256", &pkce.contains(&"S256".to_owned()), &true)?;
        let iss = found.authorization_response_iss_parameter_supported;
        story::same("`iss` in redirects", &iss, &true)?;
        client = Some(Client {
            scope: "read".into(),
            ..found.client(server.client_id())
        });
        Ok(format!("the issuer, {}, {DISCOVERED}", server.issuer()))
    });
    client
}

/// What matters here of what a server announces; of URLs the path.
fn announced(found: &Metadata) -> Vec<Field> {
    let path = |url: &str| url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    let endpoints = [
        ("authorization", &found.authorization_endpoint),
        ("token", &found.token_endpoint),
        ("device_authorization", &found.device_authorization_endpoint),
        ("revocation", &found.revocation_endpoint),
    ];
    let endpoints =
        endpoints.map(|(name, url)| (format!("{name}_endpoint"), path(url).unwrap_or_default()));
    let iss = found.authorization_response_iss_parameter_supported;
    let more = [
        (
            "code_challenge_methods",
            found.code_challenge_methods_supported.join(","),
        ),
        ("iss_parameter", iss.to_string()),
        (
            "auth_methods",
            found.token_endpoint_auth_methods_supported.join(", "),
        ),
    ];
    let more = more.map(|(name, value)| (name.to_owned(), value));
    endpoints.into_iter().chain(more).collect()
}

fn obtain(wire: &mut Wire<'_>, session: &Session) {
    wire.step("obtain", |heard| {
        let token = session.token().map_err(story::instead_of("a token"))?;
        story::same("requests", &heard.count(), &0)?;
        let kept = session.refresh_token().is_some();
        story::same("a refresh token with it", &kept, &true)?;
        Ok(format!(
            "the login has brought a token and a refresh token; the scope: {}",
            token.scope().unwrap_or_default()
        ))
    });
}

fn use_it(wire: &mut Wire<'_>, server: &Server, session: &Session) {
    wire.step("use", |heard| {
        who(heard, server, session)?;
        story::same("requests", &heard.count(), &1)?;
        Ok(format!(
            "the session's agent signed the request, and the API takes it for {}'s",
            ALICE.0
        ))
    });
}

/// An hour later: the call renews the token by itself.
fn renew(wire: &mut Wire<'_>, server: &Server, session: &Session) {
    let clock = wire.clock.clone();
    wire.step("renew", |heard| {
        let token = session.token().map_err(|error| error.to_string())?;
        let kept = story::kept(session);
        clock.advance(HOUR);
        who(heard, server, session)?;
        story::same("requests", &heard.count(), &2)?;
        let next = session.token().map_err(|error| error.to_string())?;
        if next.expose() == token.expose() || story::kept(session).expose() == kept.expose() {
            return Err("expected two new tokens, got an old one again".to_owned());
        }
        Ok(RENEWED.to_owned())
    });
}

fn log_out(wire: &mut Wire<'_>, server: &Server, session: &Session, client: &Client) {
    let kept = story::kept(session);
    let mut signed = String::new();
    wire.step("log out", |heard| {
        let token = session.token().map_err(|error| error.to_string())?;
        signed = format!("Bearer {}", token.expose());
        session
            .log_out()
            .map_err(story::instead_of("a login that is over"))?;
        story::same("requests", &heard.count(), &1)?;
        story::same(
            "a refresh token",
            &session.refresh_token().is_some(),
            &false,
        )?;
        Ok("the refresh token is revoked at the server, and here nothing is left".to_owned())
    });
    let thief = RefreshToken {
        client: client.clone(),
        ..RefreshToken::default()
    };
    let thief = wire.builder(thief).refresh_token(kept).build();
    wire.step("too late", |heard| {
        let error = story::refused(thief.token())?;
        story::is_reason(&error, LoginReason::RefreshTokenRefused)?;
        story::is_code(&error, &ErrorCode::InvalidGrant)?;
        let (status, body) = call(&ureq::Agent::new_with_defaults(), server, &signed)?;
        heard.push(Exchange::called(API, &signed, status, &body));
        story::same("the API's status", &status, &401)?;
        Ok(TOO_LATE.to_owned())
    });
}

/// The API must say that it is alice who asks.
fn who(heard: &Heard, server: &Server, session: &Session) -> Result<(), String> {
    let (status, body) = call(&session.agent(), server, "")?;
    let token = session.token().map_err(|error| error.to_string())?;
    let header = format!("Bearer {}", token.expose());
    let call = Exchange::called(API, &header, status, &body);
    let owner = call
        .answered
        .iter()
        .find(|(name, _)| name == server.owner());
    let owner = owner.map(|(_, value)| value.clone());
    heard.push(call);
    story::same("the API's status", &status, &200)?;
    story::same("whose token it is", &owner.as_deref(), &Some(ALICE.0))
}

/// Calls the API with an agent that signs, or else with a header.
fn call(agent: &ureq::Agent, server: &Server, header: &str) -> Result<(u16, Vec<u8>), String> {
    let url = format!("{}{API}", server.issuer());
    let mut request = agent.get(&url).config().http_status_as_error(false).build();
    if !header.is_empty() {
        request = request.header("authorization", header);
    }
    let failed = |error| format!("the API did not answer: {error}");
    let answer = request.call().map_err(failed)?;
    let status = answer.status().as_u16();
    let body = answer.into_body().read_to_vec().map_err(failed)?;
    Ok((status, body))
}

const API: &str = "/whoami";
const HOUR: Duration = Duration::from_secs(3600);

const DISCOVERED: &str = "was all that was known; now the client has every endpoint, and holds the \
    server to what it announced: PKCE, and redirects that name it";
const RENEWED: &str = "an hour later the agent renewed the token first, without anybody; the refresh \
    token was rotated: the next one is another";
const TOO_LATE: &str = "whoever kept either token has nothing any more: the server gives no new one, \
    and the API no answer";
