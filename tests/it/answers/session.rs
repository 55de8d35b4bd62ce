//! Responses whose effect on the session lasts beyond one request.

use auth_all::Secret;
use std::time::Duration;

use aeris_auth::Aeris;
use auth_core::error::LoginReason;
use auth_core::testing::ManualClock;
use auth_core::{Error, Grant, Session};
use ermeo_auth::Ermeo;

use crate::support::{CANARY, Script, answer, quiet};

fn ermeo() -> Ermeo {
    Ermeo::new("7_4hzk", Secret::new(format!("{CANARY}client")))
}

fn with_password() -> Ermeo {
    ermeo().password("camille", Secret::new(format!("{CANARY}password")))
}

fn session(grant: impl Grant + 'static, script: &Script) -> (Session, ManualClock) {
    let clock = ManualClock::new();
    let session = Session::builder(grant)
        .transport(script.clone())
        .clock(clock.clone());
    (
        session
            .refresh_token(Secret::new(format!("{CANARY}first")))
            .build()
            .unwrap(),
        clock,
    )
}

fn renewed(extra: &str) -> String {
    format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":3600{extra}}}"#)
}

/// Each call sends one request, without a loop.
#[test]
fn a_token_with_no_life_serves_one_call() {
    for expires_in in ["0", "0.5"] {
        let text =
            format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":{expires_in}}}"#);
        let script = Script::bodies([text.clone(), text]);
        let (session, _) = session(with_password(), &script);
        for sent in 1..=2 {
            assert_eq!(session.token().unwrap().expose(), "a");
            assert_eq!(script.sent(), sent, "one request per call, without a loop");
        }
    }
}

#[test]
fn a_token_of_unknown_life_is_not_kept_forever() {
    let text = r#"{"access_token":"a","token_type":"bearer"}"#;
    let script = Script::bodies([text, text]);
    let grant = oauth2_generic::ClientCredentials::new(oauth2_generic::Client::new(
        oauth2_generic::Server::new("https://as.example/token"),
        "batch",
    ));
    let clock = ManualClock::new();
    let session = Session::builder(grant)
        .transport(script.clone())
        .clock(clock.clone())
        .build()
        .unwrap();
    assert!(session.token().unwrap().expires_at().is_none());
    assert_eq!(
        (session.token().is_ok(), script.sent()),
        (true, 1),
        "kept for a while"
    );
    clock.advance(Duration::from_secs(300));
    assert_eq!((session.token().is_ok(), script.sent()), (true, 2));
}

#[test]
fn a_bad_epoch_from_aeris_starts_a_back_off() {
    for expires_in in ["1767225599", "1798761600000", "3600"] {
        let text =
            format!(r#"{{"token":"{CANARY}","token_type":"Bearer","expires_in":{expires_in}}}"#);
        let script = Script::bodies([text]);
        let grant = Aeris::new("c", Secret::new(format!("{CANARY}cs")))
            .account("a", Secret::new(format!("{CANARY}as")))
            .requester("ops@acme.example");
        let (session, _) = session(grant, &script);
        let error = quiet(session.token());
        assert!(matches!(error, Error::Response(_)), "{error:?}");
        for _ in 0..3 {
            let error = quiet(session.token());
            assert!(matches!(error, Error::BackOff { .. }), "{error:?}");
        }
        assert_eq!(script.sent(), 1);
    }
}

#[test]
fn html_from_a_refresh_makes_the_refresh_token_uncertain() {
    for page in [
        "<html>canary7Qz</html>",
        "canary7Qz",
        "{\"access_token\":\"canary7Qz",
    ] {
        let script = Script::bodies([page]);
        let (session, clock) = session(ermeo(), &script);
        let error = quiet(session.token());
        assert!(matches!(error, Error::Response(_)), "{error:?}");
        clock.advance(Duration::from_secs(3600));
        let error = quiet(session.token());
        let Error::LoginRequired { reason, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(reason, LoginReason::RefreshTokenUncertain);
        assert_eq!(script.sent(), 1, "it may be spent, and is never sent again");
    }
}

#[test]
fn a_refresh_token_beside_a_bad_access_token_is_the_next_one() {
    let bad = format!(
        r#"{{"access_token":"{CANARY} bad","token_type":"bearer","refresh_token":"{CANARY}second"}}"#
    );
    let script = Script::bodies([bad, renewed("")]);
    let (session, clock) = session(ermeo(), &script);
    quiet(session.token());
    assert_eq!(
        session.refresh_token().unwrap().expose(),
        format!("{CANARY}second")
    );
    clock.advance(Duration::from_secs(3600));
    session.token().unwrap();
    let bodies = script.sent_bodies();
    assert!(
        bodies[0].contains(&format!(r#""refresh_token":"{CANARY}first""#)),
        "{bodies:?}"
    );
    assert!(
        bodies[1].contains(&format!(r#""refresh_token":"{CANARY}second""#)),
        "{bodies:?}"
    );
}

#[test]
fn a_refusal_with_status_200_is_remembered_like_any_other() {
    let script = Script::bodies([r#"{"error":"invalid_grant"}"#]);
    let (session, _) = session(ermeo(), &script);
    for _ in 0..3 {
        let error = quiet(session.token());
        assert!(matches!(error, Error::LoginRequired { .. }), "{error:?}");
    }
    assert_eq!(script.sent(), 1);
}

#[test]
fn a_refresh_token_lasts_until_a_new_one_replaces_it() {
    for (extra, next) in [
        ("", "first"),
        (r#","refresh_token":"""#, "first"),
        (r#","refresh_token":null"#, "first"),
        (r#","refresh_token":"canary7Qzsecond""#, "second"),
    ] {
        let script = Script::bodies([renewed(extra), renewed("")]);
        let (session, clock) = session(ermeo(), &script);
        session.token().unwrap();
        let next = format!("{CANARY}{next}");
        assert_eq!(session.refresh_token().unwrap().expose(), next, "{extra}");
        clock.advance(Duration::from_secs(3600));
        session.token().unwrap();
        assert!(script.sent_bodies()[1].contains(&format!(r#""refresh_token":"{next}""#)));
    }
}

/// The refresh token is kept and sent again.
#[test]
fn a_redirect_with_a_token_in_its_body_is_an_error() {
    let script = Script::of([answer(302, &renewed("")), answer(200, &renewed(""))]);
    let (session, clock) = session(ermeo(), &script);
    let error = quiet(session.token());
    assert!(
        matches!(error, Error::Status { status: 302, .. }),
        "{error:?}"
    );
    clock.advance(Duration::from_secs(3600));
    assert_eq!(session.token().unwrap().expose(), "a");
    assert!(script.sent_bodies()[1].contains(&format!("{CANARY}first")));
}

#[test]
fn a_refresh_token_in_an_unusable_answer_is_the_next_one() {
    for text in [
        r#"{"data":{"access_token":"canary7Qza","refresh_token":"canary7Qzsecond"}}"#,
        r#"{"token_type":"bearer","refreshToken":{"value":"canary7Qzsecond"}}"#,
        r#"[{"access_token":"canary7Qza","token_type":"bearer","refresh_token":"canary7Qzsecond"}]"#,
        "access_token=canary7Qza&token_type=bearer&refresh_token=canary7Qzsecond",
        r#""{\"access_token\":\"canary7Qza\",\"refresh_token\":\"canary7Qzsecond\"}""#,
        r#"{"access_token":"canary7Qza","token_type":"mac","refreshToken":"canary7Qzsecond"}"#,
    ] {
        let script = Script::bodies([text.to_owned(), renewed("")]);
        let (session, clock) = session(ermeo(), &script);
        let error = quiet(session.token());
        assert!(matches!(error, Error::Response(_)), "{error:?}");
        clock.advance(Duration::from_secs(3600));
        assert_eq!(session.token().unwrap().expose(), "a", "{text}");
        let sent = script.sent_bodies();
        assert!(
            sent[1].contains(r#""refresh_token":"canary7Qzsecond""#),
            "{sent:?}"
        );
    }
}

#[test]
fn a_refresh_token_beside_a_nested_access_token_is_taken() {
    let text = |number: u32| {
        format!(
            r#"{{"data":{{"access_token":"a{number}","token_type":"bearer","expires_in":60,"refresh_token":"r{number}","scope":"s"}}}}"#
        )
    };
    let unscoped = text(2).replace(r#","scope":"s""#, "");
    let script = Script::bodies([text(1), unscoped]);
    let grant = oauth2_generic::RefreshToken::new(oauth2_generic::Client::new(
        oauth2_generic::Server::new("https://as.example/token")
            .response(auth_core::grant::ResponseFormat::new().access_token("data.access_token")),
        "batch",
    ))
    .user("ada");
    let (session, clock) = session(grant, &script);
    for number in 1..=2 {
        let token = session.token().unwrap();
        assert_eq!(token.expose(), format!("a{number}"));
        assert_eq!(
            token.scope(),
            Some("s"),
            "a scope that is not repeated is unchanged"
        );
        let next = session.refresh_token().unwrap();
        assert_eq!(next.expose(), format!("r{number}"));
        clock.advance(Duration::from_secs(60));
    }
}

#[test]
fn a_refresh_token_is_not_sent_after_its_announced_life() {
    let text = |number: u32| {
        format!(
            r#"{{"access_token":"a{number}","token_type":"bearer","expires_in":300,"refresh_token":"r{number}","refresh_expires_in":1800}}"#
        )
    };
    let script = Script::bodies([text(1), text(2), text(3)]);
    let grant = oauth2_generic::Password::new(
        oauth2_generic::Client::new(
            oauth2_generic::Server::new("https://as.example/token"),
            "batch",
        ),
        "ada",
        Secret::new("p"),
    );
    let clock = ManualClock::new();
    let session = Session::builder(grant).transport(script.clone());
    let session = session.clock(clock.clone()).build().unwrap();
    for (number, passed) in [(1, 1200), (2, 3600), (3, 0)] {
        assert_eq!(session.token().unwrap().expose(), format!("a{number}"));
        clock.advance(Duration::from_secs(passed));
    }
    let sent = script.sent_bodies();
    let grants = [
        "grant_type=password",
        "grant_type=refresh_token",
        "grant_type=password",
    ];
    for (sent, grant) in sent.iter().zip(grants) {
        assert!(sent.contains(grant), "{sent}");
    }
}

#[test]
fn the_servers_words_reach_every_process_of_a_login() {
    let clock = ManualClock::new();
    let store = auth_core::store::MemoryStore::default();
    let page = r#"{"status":404,"error":"Not Found","message":"No mapping"}"#;
    let script = Script::of([answer(404, page)]);
    let start = || {
        let session = Session::builder(with_password()).transport(script.clone());
        session
            .clock(clock.clone())
            .store(store.clone())
            .build()
            .unwrap()
    };
    let error = quiet(start().token());
    let error = match error {
        Error::BackOff { cause, .. } => *cause,
        error => error,
    };
    let Error::BackOff { cause, .. } = quiet(start().token()) else {
        panic!("the other process must back off too");
    };
    // The error of a session in back-off also names the remedy, which may be faster than waiting.
    for said in [error.to_string(), cause.to_string()] {
        assert!(
            said.starts_with("the server answered 404 to the login (Not Found: No mapping"),
            "{said}"
        );
    }
}
