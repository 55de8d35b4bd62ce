//! A response over TLS that ends too early, or turns into noise: the server may have acted on the request.

use auth_core::error::{Delivery, LoginReason, NetworkFailure};
use auth_core::{Error, Session};

use super::authority::Authority;
use super::endpoint::{Turn, endpoint, https, ok};
use super::{access_token, aeris, answer, on_refresh_token, trusting};
use crate::support::quiet;

#[track_caller]
fn assert_maybe_sent(error: &Error) {
    let Error::Network {
        failure, delivery, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (failure, *delivery),
        (&NetworkFailure::Closed, Delivery::Unknown)
    );
}

/// Parts of a response: nothing, a part of its head, all but its end, and enough of a long one that the
/// client reads its head before it notices the end.
fn parts() -> [String; 4] {
    let part = |whole: String, length| whole[..length].to_owned();
    let long = ok(&(" ".repeat(100_000) + &answer(2)));
    let short = ok(&answer(2));
    let most = short.len() - 4;
    [
        String::new(),
        part(short.clone(), 12),
        part(short, most),
        part(long, 60_000),
    ]
}

#[test]
fn a_cut_refresh_is_not_sent_again() {
    let authority = Authority::new("ours");
    for part in parts() {
        let endpoint = endpoint([Turn::Cut(authority.server(), part)]);
        let transport = trusting(&authority);
        let (session, clock) = on_refresh_token(&https(&endpoint), transport, 0);

        assert_maybe_sent(&quiet(session.token()));
        clock.advance(std::time::Duration::from_secs(60));
        let Error::LoginRequired { reason, .. } = quiet(session.token()) else {
            panic!("it may be spent");
        };
        assert_eq!(reason, LoginReason::RefreshTokenUncertain);
        let visits = endpoint.all();
        assert_eq!(visits.len(), 1, "sent once");
        assert!(
            visits[0].heard().starts_with("POST /oauth/v2/token "),
            "{visits:?}"
        );
    }
}

#[test]
fn a_get_whose_answer_is_cut_may_have_arrived() {
    let authority = Authority::new("ours");
    for part in parts() {
        let endpoint = endpoint([Turn::Cut(authority.server(), part)]);
        assert_maybe_sent(&get(&authority, &https(&endpoint)));
        assert!(endpoint.all()[0].heard().starts_with("GET /api/token?"));
    }
}

/// A TLS library reports noise and an untrusted certificate with the same kind of error, so the kind does not
/// show if a request without a body was sent.
#[test]
fn a_response_that_turns_into_noise_may_have_arrived() {
    let authority = Authority::new("ours");
    for part in parts() {
        let turn = || Turn::Garbled(authority.server(), part.clone());
        let endpoint = endpoint([turn(), turn()]);
        let url = https(&endpoint);
        assert_maybe_sent(&get(&authority, &url));
        let transport = trusting(&authority);
        assert_maybe_sent(&quiet(on_refresh_token(&url, transport, 0).0.token()));
        let heard: Vec<String> = endpoint
            .all()
            .iter()
            .map(super::endpoint::Visit::heard)
            .collect();
        assert!(
            heard[0].starts_with("GET ") && heard[1].starts_with("POST "),
            "{heard:?}"
        );
    }
}

/// Any router can end a connection. A response without a length, over TLS without `close_notify`, is complete
/// only if its JSON is.
#[test]
fn a_response_without_length_must_be_whole() {
    let authority = Authority::new("ours");
    let whole = ok(&answer(2)).replacen("Content-Length", "X-Length", 1);
    let cuts = (whole.find('{').unwrap()..=whole.len())
        .step_by(7)
        .chain([whole.len() - 1, whole.len()]);
    for length in cuts {
        let endpoint = endpoint([Turn::Cut(authority.server(), whole[..length].to_owned())]);
        let transport = trusting(&authority);
        let (session, _) = on_refresh_token(&https(&endpoint), transport, 0);
        if length == whole.len() {
            assert_eq!(session.token().unwrap().expose(), access_token(2));
        } else {
            let error = quiet(session.token());
            assert!(
                matches!(error, Error::Response(_)),
                "cut after {length}: {error:?}"
            );
        }
        assert_eq!(endpoint.all().len(), 1);
    }
}

fn get(authority: &Authority, url: &str) -> Error {
    let transport = trusting(authority);
    quiet(
        Session::builder(aeris(url))
            .transport(transport)
            .retries(0)
            .build()
            .unwrap()
            .token(),
    )
}
