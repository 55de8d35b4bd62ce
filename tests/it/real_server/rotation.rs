//! Single-use refresh tokens, at servers that end a login when its refresh token is sent again.

use crate::support::asking::Asking as _;
use std::error::Error as _;
use std::time::Duration;

use auth_core::error::{ErrorCode, LoginReason};
use auth_core::testing::ManualClock;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Secret, Session};
use oauth2_generic::{AuthorizationCode, RefreshToken};

use super::site::{ALICE, Browser, REDIRECT_URI, Site, on_every_site};
use super::transport::Counted;

fn refresh_token(session: &Session) -> Secret {
    session.token().unwrap();
    session.refresh_token().expect("a refresh token")
}

/// Sends a refresh token outside the session.
fn sent_elsewhere(site: &Site, refresh_token: &Secret) -> auth_core::Result<()> {
    site.alice()
        .refresh(refresh_token, &HttpTransport::new())
        .map(drop)
}

fn is_invalid_grant(error: &Error) -> bool {
    error
        .refusal()
        .is_some_and(|it| it.code == ErrorCode::InvalidGrant && it.status == Some(400))
}

#[test]
fn each_renewal_spends_the_refresh_token_and_brings_another() {
    on_every_site(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(site.alice(), &clock);
        let mut seen = vec![refresh_token(&session).expose().to_owned()];
        for renewals in 1..=3 {
            clock.advance(HOUR);
            assert_eq!(site.whoami(&session), "alice");
            assert_eq!(http.sent(), 1 + renewals);
            seen.push(refresh_token(&session).expose().to_owned());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    });
}

#[test]
fn a_login_by_code_continues_by_refresh() {
    on_every_site(|site| {
        let login = AuthorizationCode::new(site.client("web", "web-secret"), REDIRECT_URI);
        let pending = login.begin(&HttpTransport::new()).unwrap();
        let redirect = Browser::new(ALICE).visit(pending.url());
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session =
            http.session_after(&login, pending.exchange(&redirect, &http).unwrap(), &clock);
        for sent in 1..=3 {
            assert_eq!(site.whoami(&session), "alice");
            assert_eq!(http.sent(), sent);
            clock.advance(HOUR);
        }
    });
}

#[test]
fn a_replayed_refresh_token_ends_its_successor_too() {
    on_every_site(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(site.alice(), &clock);
        let spent = refresh_token(&session);
        clock.advance(HOUR);
        let successor = refresh_token(&session);

        assert!(is_invalid_grant(&sent_elsewhere(site, &spent).unwrap_err()));
        assert!(is_invalid_grant(
            &sent_elsewhere(site, &successor).unwrap_err()
        ));
    });
}

#[test]
fn a_session_with_a_password_replaces_an_ended_login() {
    on_every_site(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(site.alice(), &clock);
        sent_elsewhere(site, &refresh_token(&session)).unwrap();

        clock.advance(HOUR);
        assert_eq!(site.whoami(&session), "alice");
        // The first login, the refusal, the second login.
        assert_eq!(http.sent(), 3);
    });
}

#[test]
fn an_ended_login_requires_a_user_once_its_token_expires() {
    on_every_site(|site| {
        let kept = refresh_token(&Session::new(site.alice()));
        let (http, clock) = (Counted::default(), ManualClock::new());
        let grant = RefreshToken::new(site.alices_client()).user("alice");
        let session = http.session_from(grant, &clock, &kept);
        let token = session.token().unwrap();
        sent_elsewhere(site, &session.refresh_token().unwrap()).unwrap();

        // Renewal is due and refused; the token is still valid.
        clock.advance(HOUR * 19 / 20);
        assert_eq!(session.token().unwrap().expose(), token.expose());
        assert_eq!(http.sent(), 2);

        clock.advance(HOUR / 10);
        let error = session.token().unwrap_err();
        let reason = LoginReason::RefreshTokenRefused;
        assert!(
            matches!(&error, Error::LoginRequired { reason: it, .. } if *it == reason),
            "{error}"
        );
        assert!(error.source().is_some() && is_invalid_grant(&error));
        assert_eq!(http.sent(), 2, "a spent refresh token is not sent again");
    });
}

#[test]
fn many_threads_spend_a_refresh_token_once() {
    on_every_site(|site| {
        let (http, clock) = (Counted::default(), ManualClock::new());
        let session = http.session(site.alice(), &clock);
        refresh_token(&session);
        clock.advance(HOUR);
        std::thread::scope(|threads| {
            for _ in 0..16 {
                threads.spawn(|| session.token().unwrap());
            }
        });
        assert_eq!(http.sent(), 2);
        assert_eq!(site.whoami(&session), "alice");
    });
}

/// The life of the server's access tokens.
const HOUR: Duration = Duration::from_secs(3600);
