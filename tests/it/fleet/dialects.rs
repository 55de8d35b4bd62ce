//! Fleets whose server refuses in other words than RFC 6749's.
//!
//! The tests check the server's log: the times of password tries, and refresh tokens that were sent again.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;

use auth_sim::{Dialect, ermeo};
use auth_tests::fleet::{Fleet, Happening, Point, Settings};

use super::place::Place;
use super::stage::{LIFE, Stage, settings, without_password};
use super::storm::Storm;

/// Generates each test for every dialect and every place.
macro_rules! in_each_dialect {
    ($($name:ident)*) => {
        $(mod $name {
            use auth_sim::Dialect;

            use super::super::over_each_place;
            use super::super::place::Place;

            over_each_place! {
                with_codes_of_the_rfc
                with_a_bare_status
                with_the_page_of_a_framework
                with_words_of_a_vendor
                with_a_status_of_success
            }

            fn with_codes_of_the_rfc(place: Place) {
                super::$name(place, Dialect::Rfc);
            }

            fn with_a_bare_status(place: Place) {
                super::$name(place, Dialect::BareStatus);
            }

            fn with_the_page_of_a_framework(place: Place) {
                super::$name(place, Dialect::FrameworkPage);
            }

            fn with_words_of_a_vendor(place: Place) {
                super::$name(place, Dialect::VendorWords);
            }

            fn with_a_status_of_success(place: Place) {
                super::$name(place, Dialect::SuccessStatus);
            }
        })*
    };
}

in_each_dialect! {
    every_call_gets_a_token_despite_kills_and_revocation
    processes_share_the_limit_for_a_wrong_password
    in_the_end_a_user_must_log_in
}

fn every_call_gets_a_token_despite_kills_and_revocation(place: Place, dialect: Dialect) {
    let mut storm = Storm::gather(place, 6, |server| server.dialect(dialect));
    let mut revoked = 0;
    for (number, point) in Point::ALL.into_iter().enumerate() {
        storm.renew(3);
        storm.kill_at(point);
        if number % 2 == 0 {
            storm.kill_anywhere();
            revoke(&mut storm);
            revoked += 1;
        }
    }
    storm.renew(3);
    storm.calm_down();
    writeln!(
        io::stderr().lock(),
        "{dialect:?}, {revoked} revoked: {storm}"
    )
    .unwrap();
    storm.assert_tokens(|_| true);
    assert_sent_again_only_if_refused(&storm.fleet);
    // After an unclear refusal a fleet logs in for half a minute, each time its tokens expire.
    let for_each = match names_refresh_tokens(dialect) {
        true => 1,
        false => 40,
    };
    let lost = storm.losses + storm.late;
    assert!(storm.logins <= 1 + lost + for_each * revoked, "{storm}");
    // A killed process may have received a refusal that it did not store.
    assert!((1..=revoked + lost).contains(&storm.refusals), "{storm}");
}

/// Revokes all refresh tokens, and waits until the fleet has logged in and refreshed. If a process was killed
/// with the last of them in flight, the server has none to refuse.
fn revoke(storm: &mut Storm) {
    storm.renew(1);
    let logins = storm.logins;
    storm.fleet.server.revoke_refresh_tokens();
    storm.until(|storm, happening| {
        let refreshed = match happening {
            Happening::Answered(request) => request.is_refresh && request.succeeded,
            Happening::Said(..) => false,
        };
        (refreshed && storm.logins > logins).then_some(())
    });
}

fn processes_share_the_limit_for_a_wrong_password(place: Place, dialect: Dialect) {
    let mut stage = Stage::in_dialect(place, dialect, |place| Settings {
        password: "not the right one".to_owned(),
        ..settings(place)
    });
    let members = [(); 3].map(|()| stage.join());
    let begun = stage.fleet.clock.passed();
    let mut tries = Vec::new();
    let mut requests = 0;
    while stage.fleet.clock.passed() - begun < DAY {
        members.iter().for_each(|member| stage.ask(*member));
        for member in members {
            stage.answer(member).unwrap_err();
        }
        let now = stage.fleet.requests().len();
        let passed = stage.fleet.clock.passed() - begun;
        tries.extend(vec![passed; now - requests]);
        requests = now;
        stage.later(match passed {
            passed if passed < HOUR => Duration::from_secs(60),
            _ => Duration::from_secs(900),
        });
    }
    writeln!(
        io::stderr().lock(),
        "{dialect:?}: {} tries a day",
        tries.len()
    )
    .unwrap();
    assert!(tries.len() <= 10, "{tries:?}");
    let within = |begin: &Duration| {
        let window = *begin..*begin + HOUR / 2;
        tries.iter().filter(|at| window.contains(*at)).count()
    };
    assert!(tries.iter().map(within).max() <= Some(3), "{tries:?}");

    stage.fleet.settings.password = ermeo::PASSWORD.to_owned();
    let corrected = stage.join();
    let token = stage.token(corrected);
    assert!(stage.is_good(token.as_ref().unwrap()));
    for member in members {
        assert_eq!(stage.token(member), token);
    }
}

fn in_the_end_a_user_must_log_in(place: Place, dialect: Dialect) {
    let mut stage = Stage::in_dialect(place, dialect, without_password).seeded();
    let members = stage.join_with_token::<3>();
    stage.later(LIFE);
    stage.fleet.server.revoke_refresh_tokens();
    let before = stage.fleet.requests().len();
    let expected = match names_refresh_tokens(dialect) {
        true => 1,
        false => 3,
    };
    for number in 1..=expected {
        members.iter().for_each(|member| stage.ask(*member));
        let asked = members.map(|member| {
            let why = stage.answer(member).unwrap_err();
            why.starts_with("login required: the server refused the refresh token")
        });
        assert_eq!(stage.fleet.requests().len(), before + number);
        assert_eq!(asked, [number == expected; 3]);
        // Longer than the back-off after this refusal, and shorter than that after the third.
        stage.later(Duration::from_secs(150));
    }
    let newcomer = stage.join();
    let why = stage.token(newcomer).unwrap_err();
    assert!(why.starts_with("login required"), "{why}");
    assert_eq!(stage.fleet.requests().len(), before + expected);
}

/// Asserts that no refresh token that the server may have used was sent again.
#[track_caller]
pub(super) fn assert_sent_again_only_if_refused(fleet: &Fleet) {
    let mut used = BTreeMap::new();
    for request in fleet.server.token_requests() {
        let Some(body) = request.json() else { continue };
        if let Some(token) = body["refresh_token"].as_str() {
            let is_first = used.insert(token.to_owned(), !request.refused) != Some(true);
            assert!(is_first, "a refresh token was sent again");
        }
    }
}

/// Returns `true` if a refusal in this dialect names the refresh token as the cause.
fn names_refresh_tokens(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::Rfc | Dialect::SuccessStatus)
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
