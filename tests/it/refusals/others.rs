//! Sessions that a refusal holds back, and those that it does not: shared logins, other settings, valid tokens.

use auth_all::Secret;
use std::time::Duration;

use auth_core::error::LoginReason;
use auth_core::store::MemoryStore;
use auth_core::{Error, Session};
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Encoding, Password, RefreshToken, Server as Issuer,
};

use super::asker::{DAY, HALF_AN_HOUR, HOUR, MINUTE, Who, ask_for, most_within, variant};
use super::server::{Answer, Asked, Server};

fn refusal(status: u16, body: &'static str) -> Answer {
    (status, &[], body.as_bytes())
}

#[test]
fn the_limits_hold_for_a_fleet_of_processes() {
    for (who, answer, half_hour, day) in [
        (Who::Password, refusal(401, ""), 3, 10),
        (Who::Password, refusal(429, ""), 3, 10),
        (
            Who::Aerion,
            refusal(403, r#"{"error":"E_FORBIDDEN"}"#),
            3,
            10,
        ),
        (
            Who::Ermeo,
            refusal(400, r#"{"error":"invalid_grant"}"#),
            1,
            1,
        ),
        (
            Who::Client,
            refusal(401, r#"{"error":"invalid_client"}"#),
            9,
            60,
        ),
        (Who::Aeris, refusal(401, "Unauthorized"), 9, 60),
        (Who::Client, refusal(200, "<html>"), 9, 60),
        (Who::Keeper, refusal(400, ""), 3, 30),
    ] {
        let server = Server::refusing(who.asks(), answer);
        let store = MemoryStore::default();
        let processes = [(); 2].map(|()| who.session("wrong", &server, &store));
        // The second process starts half a minute after the first.
        while server.seconds() < DAY {
            for process in &processes {
                assert!(process.token().is_err());
                server.clock.advance(Duration::from_secs(MINUTE / 2));
            }
        }
        let asked = server.asked(who.asks());
        let most = [HALF_AN_HOUR, DAY].map(|length| most_within(&asked, length));
        assert!(
            most[0] <= half_hour && most[1] <= day,
            "{who:?} {answer:?}: {most:?}"
        );
    }
}

#[test]
fn one_workers_old_secret_holds_back_no_other_worker() {
    for (who, old) in [
        (Who::Client, "client_secret=wrong"),
        (Who::Aeris, "as=wrong"),
        (Who::Password, "password=wrong"),
        (Who::Keeper, "client_secret=wrong"),
        (Who::Both, "client_secret=wrong"),
    ] {
        for answer in [
            refusal(401, r#"{"error":"invalid_client"}"#),
            (
                401,
                &[("retry-after", "600")][..],
                &br#"{"error":"invalid_client"}"#[..],
            ),
        ] {
            let server = Server::refusing(who.asks(), answer).refusing_only(old);
            let store = MemoryStore::default();
            let old = who.session("wrong", &server, &store);
            let new = who.session("right", &server, &store);
            for minute in 0..DAY / MINUTE {
                let outcome = old.token();
                if minute == 0 {
                    assert_eq!(variant(outcome.err().as_ref()), "Refused", "{who:?}");
                }
                assert!(new.token().is_ok(), "{who:?}, minute {minute}");
                server.clock.advance(Duration::from_secs(MINUTE));
            }
        }
    }
}

fn client() -> Client {
    client_at("https://as.example/token", Encoding::Form)
}

fn client_at(endpoint: &str, encoding: Encoding) -> Client {
    let server = Issuer::new(endpoint).encoding(encoding);
    Client::new(server, "batch").secret(Secret::new("s"))
}

#[test]
fn any_corrected_setting_is_tried_at_once() {
    let endpoint = "https://as.example/token";
    let corrected: [(&str, Client); 8] = [
        ("secret", client().secret(Secret::new("t"))),
        ("auth", client().auth(ClientAuth::basic(Secret::new("s")))),
        ("audience", client().audience("api")),
        ("encoding", client_at(endpoint, Encoding::Json)),
        ("scope", client().scope("read")),
        ("param", client().param("tenant", "t")),
        (
            "secret_param",
            client().secret_param("key", Secret::new("k")),
        ),
        (
            "endpoint",
            client_at("https://as.example/v2/token", Encoding::Form),
        ),
    ];
    for answer in [
        refusal(401, r#"{"error":"invalid_client"}"#),
        refusal(404, ""),
        refusal(400, ""),
        (400, &[("retry-after", "600")][..], &b""[..]),
    ] {
        for (setting, corrected) in &corrected {
            let server = Server::refusing(Asked::Login, answer);
            let store = MemoryStore::default();
            let start = |client: Client| {
                let session = Session::builder(ClientCredentials::new(client));
                let session = session
                    .transport(server.clone())
                    .clock(server.clock.clone());
                session.store(store.clone()).build().unwrap()
            };
            let wrong = start(client());
            assert!(wrong.token().is_err());
            assert!(matches!(
                start(client()).token(),
                Err(Error::BackOff { .. })
            ));
            server.recovers_after(0);
            assert!(start(corrected.clone()).token().is_ok(), "{setting}");
        }
    }
}

#[test]
fn a_corrected_password_is_tried_at_once() {
    for answer in [
        refusal(400, r#"{"error":"invalid_grant"}"#),
        refusal(401, ""),
        refusal(429, ""),
        (
            400,
            &[("retry-after", "3600")][..],
            &br#"{"error":"invalid_grant"}"#[..],
        ),
    ] {
        let server = Server::refusing(Asked::Login, answer).refusing_only("password=wrong");
        let store = MemoryStore::default();
        let wrong = Who::Password.session("wrong", &server, &store);
        assert!(wrong.token().is_err());
        assert!(
            Who::Password
                .session("right", &server, &store)
                .token()
                .is_ok()
        );
        assert!(wrong.token().is_ok(), "it uses the other session's token");
    }
}

#[test]
fn no_user_is_asked_to_log_in_while_the_token_works() {
    for (answer, lost) in [
        (refusal(400, ""), LoginReason::RefreshTokenRefused),
        (
            refusal(400, r#"{"error":"interaction_required"}"#),
            LoginReason::RefreshTokenRefused,
        ),
        (
            refusal(400, r#"{"error":"invalid_grant"}"#),
            LoginReason::RefreshTokenRefused,
        ),
    ] {
        let server = Server::refusing(Asked::Refresh, answer).with_life(4 * HOUR);
        server.recovers_after(0);
        let session = Who::Keeper.session("right", &server, &MemoryStore::default());
        assert!(session.token().is_ok());
        server.recovers_after(usize::MAX);
        let began = server.seconds();
        while server.seconds() < began + 4 * HOUR {
            assert!(
                session.token().is_ok(),
                "{answer:?} after {} s",
                server.seconds()
            );
            server.clock.advance(Duration::from_secs(MINUTE));
        }
        let error = session.token().expect_err("it has expired");
        let Error::LoginRequired { reason, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(reason, lost);
    }
}

#[test]
fn a_firewalls_refusals_lose_no_refresh_token() {
    let server = Server::refusing(Asked::Refresh, refusal(403, "<html>"));
    let session = Who::Keeper.session("right", &server, &MemoryStore::default());
    ask_for(&session, &server, DAY);
    let error = session.token().expect_err("a user must log in");
    assert_eq!(variant(Some(&error)), "RefreshTokenRefused");
    server.recovers_after(0);
    ask_for(&session, &server, HOUR * 11 / 10 + MINUTE);
    assert!(
        session.token().is_ok(),
        "the kept refresh token revived the login"
    );
}

#[test]
fn other_failures_between_refusals_reset_no_limit() {
    // A 503 between two refusals does not reset their count.
    let server = Server::refusing(Asked::Login, refusal(401, ""));
    let session = Who::Password.session("wrong", &server, &MemoryStore::default());
    let mut refused = 0;
    while server.seconds() < DAY {
        let before = server.asked(Asked::Login).len();
        server.answers(if refused % 2 == 0 {
            refusal(401, "")
        } else {
            refusal(503, "")
        });
        assert!(session.token().is_err());
        refused += server.asked(Asked::Login).len() - before;
        server.clock.advance(Duration::from_secs(MINUTE));
    }
    let asked = server.refusals(401);
    assert!(most_within(&asked, HALF_AN_HOUR) <= 3, "{asked:?}");
    assert!(most_within(&asked, DAY) <= 10, "{asked:?}");
}

#[test]
fn unclear_refusals_do_not_lose_a_refresh_token() {
    // Both the refresh and the login are refused in unclear words.
    let server = Server::refusing(Asked::Refresh, refusal(400, "")).with_life(HOUR);
    let grant = Password::new(client(), "ada", Secret::new("p"));
    let session = Session::builder(grant)
        .transport(server.clone())
        .clock(server.clock.clone());
    let session = session.refresh_token(Secret::new("first")).build().unwrap();
    server.refuses_all();
    ask_for(&session, &server, HOUR);
    assert_eq!(session.refresh_token().expect("kept").expose(), "first");
    assert!(
        server.asked(Asked::Login).len() <= 4,
        "{:?}",
        server.asked(Asked::Login)
    );
    assert!(server.asked(Asked::Refresh).len() <= 4);
    server.recovers_after(0);
    ask_for(&session, &server, 2 * HOUR);
    assert!(session.token().is_ok());
}

#[test]
fn a_block_of_eleven_hours_costs_little() {
    let body = r#"{"error":"429","error_description":"The rate limit for refresh token requests was reached. Requests are blocked during the remaining period of 40159 seconds."}"#;
    let told = &[("retry-after", "40159")][..];
    for (headers, most) in [(told, 1), (&[][..], 60)] {
        let server = Server::refusing(Asked::Refresh, (429, headers, body.as_bytes()));
        let grant = RefreshToken::new(client()).user("ada");
        let session = Session::builder(grant)
            .transport(server.clone())
            .clock(server.clock.clone());
        let session = session.refresh_token(Secret::new("first")).build().unwrap();
        // Every five seconds.
        while server.seconds() < 40_159 {
            assert!(session.token().is_err());
            server.clock.advance(Duration::from_secs(5));
        }
        let asked = server.asked(Asked::Refresh).len();
        assert!(asked <= most, "{headers:?}: {asked}");
    }
}

#[test]
fn one_error_page_while_renewal_is_due_costs_nothing() {
    for page in [
        refusal(
            404,
            r#"{"status":404,"error":"Not Found","path":"/oauth/token"}"#,
        ),
        refusal(404, "<html>404</html>"),
        refusal(401, r#"{"error":"invalid_client"}"#),
        refusal(503, ""),
        refusal(200, "<html>"),
    ] {
        for who in [Who::Client, Who::Aeris, Who::Password, Who::Both] {
            let server = Server::refusing(Asked::Login, page);
            server.recovers_after(0);
            let session = who.session("right", &server, &MemoryStore::default());
            assert!(session.token().is_ok());
            server.refuses_all();
            server.recovers_after(1);
            while server.seconds() < 2 * DAY {
                assert!(
                    session.token().is_ok(),
                    "{who:?}, second {}",
                    server.seconds()
                );
                server.clock.advance(Duration::from_secs(10));
            }
        }
    }
}
