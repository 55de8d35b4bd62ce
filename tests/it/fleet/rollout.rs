//! A new client secret reaches one process after the other, while the server accepts only the new one.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;

use auth_sim::{Dialect, ermeo};
use auth_tests::fleet::{Fleet, Happening, Order, Point, Report, Request};

use super::dialects::assert_sent_again_only_if_refused;
use super::over_each_place;
use super::place::Place;
use super::stage::{LIFE, Stage, settings};
use super::storm::Storm;

over_each_place! {
    a_secret_is_rolled_out_and_refused_with_a_code
    a_secret_is_rolled_out_and_refused_with_a_bare_status
    a_secret_is_rolled_out_and_refused_with_words_of_a_vendor
    outdated_processes_cost_little_with_a_code
    outdated_processes_cost_little_with_a_bare_status
    a_fleet_that_is_outdated_as_a_whole_costs_little
}

fn a_secret_is_rolled_out_and_refused_with_a_code(place: Place) {
    roll_out(place, Dialect::Rfc);
}

fn a_secret_is_rolled_out_and_refused_with_a_bare_status(place: Place) {
    roll_out(place, Dialect::BareStatus);
}

fn a_secret_is_rolled_out_and_refused_with_words_of_a_vendor(place: Place) {
    roll_out(place, Dialect::VendorWords);
}

/// Eight processes renew constantly; two of them get the new secret, then four, then all.
fn roll_out(place: Place, dialect: Dialect) {
    let mut rollout = RollOut::begin(place, dialect);
    rollout.storm.renew(10);
    rollout.accept(&[OLD, NEW]);
    rollout.replace(2);
    rollout.storm.renew(10);
    rollout.accept(&[NEW]);
    rollout.live_on(25);
    rollout.replace(2);
    rollout.storm.kill_at(Point::Handled);
    rollout.live_on(25);
    rollout.storm.kill_anywhere();
    rollout.replace(4);
    rollout.storm.renew(10);
    rollout.storm.calm_down();
    rollout.judge(dialect);
}

struct RollOut {
    storm: Storm,
    /// Number of tokens that each outdated process has held since its secret was refused.
    adopted: BTreeMap<usize, usize>,
}

impl RollOut {
    fn begin(place: Place, dialect: Dialect) -> Self {
        let storm = Storm::gather(place, PROCESSES, |server| {
            server.dialect(dialect).access_token_lifetime(TOKEN_LIFE)
        });
        Self {
            storm,
            adopted: BTreeMap::new(),
        }
    }

    fn accept(&self, secrets: &[&str]) {
        let server = &self.storm.fleet.server;
        server.accept_client_secrets(secrets.iter().copied());
    }

    /// Replaces `number` outdated processes by ones with the new secret.
    fn replace(&mut self, number: usize) {
        let members = self.storm.fleet.members();
        for member in members.into_iter().filter(is_outdated).take(number) {
            self.storm.fleet.tell(member, &Order::End);
            let ended = Happening::Said(member, Report::Ended);
            self.storm
                .until(|_, happening| (*happening == ended).then_some(()));
            self.storm.fleet.kill(member);
            NEW.clone_into(&mut self.storm.fleet.settings.client_secret);
            self.storm.join();
        }
    }

    /// Waits for `number` renewals, and counts the tokens that outdated processes hold meanwhile.
    fn live_on(&mut self, number: usize) {
        let enough = self.storm.renewals + number;
        let adopted = &mut self.adopted;
        self.storm.until(|storm, happening| {
            if let Happening::Said(member, Report::Holds(_)) = happening
                && is_outdated(member)
            {
                *adopted.entry(*member).or_default() += 1;
            }
            (storm.renewals >= enough).then_some(())
        });
    }

    fn judge(&self, dialect: Dialect) {
        let storm = &self.storm;
        let outdated = storm.without_token.iter();
        let outdated = outdated.filter(|(member, _)| is_outdated(member));
        writeln!(
            io::stderr().lock(),
            "{dialect:?}: {} calls of outdated processes without a token, which held {:?} of others; {storm}",
            outdated.count(),
            self.adopted.values().collect::<Vec<_>>(),
        )
        .unwrap();
        storm.assert_tokens(|member| !is_outdated(&member));
        assert_sent_again_only_if_refused(&storm.fleet);
        let [refreshes, logins] = refused(&storm.fleet);
        let half_hours = storm.fleet.clock.passed().as_secs() / 1800;
        let times = usize::try_from(half_hours).unwrap() + 1;
        // A process that is killed before its response arrives stores no refusal.
        assert!(refreshes <= 7 * times + storm.losses, "{storm}");
        assert!(logins <= 3 * times + storm.losses, "{storm}");
        assert_eq!(self.adopted.len(), 6, "{:?}", self.adopted);
        assert!(
            self.adopted.values().all(|tokens| *tokens >= 10),
            "{:?}",
            self.adopted
        );
        assert!(storm.logins <= 1 + storm.losses + storm.late, "{storm}");
    }
}

fn outdated_processes_cost_little_with_a_code(place: Place) {
    live_a_day(place, Dialect::Rfc);
}

fn outdated_processes_cost_little_with_a_bare_status(place: Place) {
    live_a_day(place, Dialect::BareStatus);
}

/// Three of four processes have the old secret, and request a token before the one with the new secret.
fn live_a_day(place: Place, dialect: Dialect) {
    let mut stage = Stage::in_dialect(place, dialect, settings);
    let outdated = stage.join_with_token::<3>();
    stage.fleet.server.accept_client_secrets([NEW]);
    NEW.clone_into(&mut stage.fleet.settings.client_secret);
    let right = stage.join();
    let step = Duration::from_secs(600);
    for _ in 0..24 * 6 {
        stage.later(step);
        outdated.iter().for_each(|member| stage.ask(*member));
        for member in outdated {
            stage.answer(member).unwrap();
        }
        let token = stage.token(right).unwrap();
        assert!(stage.is_good(&token));
        // An outdated process serves its valid token even if others have a newer one.
        for member in outdated {
            let token = stage.token(member).unwrap();
            assert!(stage.is_good(&token));
        }
    }
    assert_sent_again_only_if_refused(&stage.fleet);
    let [refreshes, logins] = refused(&stage.fleet);
    writeln!(
        io::stderr().lock(),
        "{dialect:?}: a day of an old secret costs {refreshes} refreshes and {logins} logins"
    )
    .unwrap();
    assert!((1..=60).contains(&refreshes), "{refreshes}");
    assert!(logins <= 10, "{logins}");
}

/// Returns `true` for the first processes, which have the old secret.
fn is_outdated(member: &usize) -> bool {
    *member < PROCESSES
}

/// No process has a token until one gets the new secret.
fn a_fleet_that_is_outdated_as_a_whole_costs_little(place: Place) {
    let mut stage = Stage::in_dialect(place, Dialect::BareStatus, settings);
    let members = stage.join_with_token::<3>();
    stage.fleet.server.accept_client_secrets([NEW]);
    stage.later(LIFE);
    for _ in 0..24 * 12 {
        members.iter().for_each(|member| stage.ask(*member));
        for member in members {
            stage.answer(member).unwrap_err();
        }
        stage.later(Duration::from_secs(300));
    }
    let [refreshes, logins] = refused(&stage.fleet);
    writeln!(
        io::stderr().lock(),
        "a day of a whole fleet costs {refreshes} refreshes and {logins} logins"
    )
    .unwrap();
    assert!((3..=30).contains(&refreshes), "{refreshes}");
    assert!((3..=10).contains(&logins), "{logins}");
    NEW.clone_into(&mut stage.fleet.settings.client_secret);
    let right = stage.join();
    let token = stage.token(right).unwrap();
    assert!(stage.is_good(&token));
    for member in members {
        assert_eq!(stage.token(member).as_ref(), Ok(&token));
    }
    // The refresh token is still valid after a day of refusals.
    assert_eq!(
        stage.fleet.requests().last().map(|it| it.is_refresh),
        Some(true)
    );
}

/// Numbers of refreshes and logins that the server has refused.
fn refused(fleet: &Fleet) -> [usize; 2] {
    let requests = fleet.requests();
    [true, false].map(|is_refresh| {
        let refused = |it: &&Request| !it.succeeded && it.is_refresh == is_refresh;
        requests.iter().filter(refused).count()
    })
}

/// A token is due after a tenth of a second of real time, and expires after another.
const TOKEN_LIFE: Duration = Duration::from_secs(10);
const PROCESSES: usize = 8;
const OLD: &str = ermeo::CLIENT_SECRET;
const NEW: &str = "the-new-client-secret";
