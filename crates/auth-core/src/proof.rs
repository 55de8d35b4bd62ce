//! Every order of events, over the real transitions and the real steps.
//!
//! A few processes share a login, and a scheduler tries everything that can happen to them, in every
//! order: each step of each process, a process killed at any point, a request or its answer lost, a
//! request that arrives long after its sender gave up, a store that does not answer and has or has not
//! written, a deadline that passes while somebody is still at it. There are no clocks: whether a
//! deadline has passed is the scheduler's choice whenever somebody asks. What must never be is in
//! `checks`; from every state there is a way on to a token or to a reason why there is none.
//!
//! How much may go wrong in one run is bounded, and within the bounds every state is seen. States are
//! the same if they differ in times, in the names of attempts and tokens, or in the order of the
//! processes only. The figures are printed; an exploration that shrinks fails.

mod around;
mod checks;
mod exchange;
mod luck;
mod outcome;
mod print;
mod process;
mod report;
mod scenario;
mod search;
mod server;
mod step;
mod stored;
mod world;

pub(crate) use print::Print;

use crate::grant::{LoginKind, Replay};

use report::{all, small};
use scenario::{Budget, Credentials, Kind, Scenario, Start};

/// A test for each scenario in full, and one in small bounds.
macro_rules! scenarios {
    ($($(#[doc = $about:literal])* $name:ident: $at_least:literal, $scenario:expr;)*) => {
        mod every_order {
            use super::*;
            $($(#[doc = $about])* #[test] fn $name() { all(&Scenario { name: stringify!($name), ..$scenario }, $at_least); })*
        }

        mod in_small_bounds {
            use super::*;
            $(#[test] fn $name() { small(&Scenario { name: stringify!($name), ..$scenario }); })*
        }
    };
}

scenarios! {
    /// The plainest: one login, and a password for the worst case.
    a_password: 200_000, Scenario {
        left: Budget { crashes: 2, lost: 2, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    a_password_and_a_store_that_fails: 500_000, Scenario {
        left: Budget { crashes: 1, lost: 1, denied: 1, unreachable: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    /// The login dies with its refresh token, so that nothing hides a loss.
    no_credentials: 50_000, Scenario {
        left: Budget { crashes: 3, lost: 3, denied: 1, overdue: 2, ..NOTHING },
        ..REFRESH_TOKEN
    };
    no_credentials_and_a_store_that_fails: 80_000, Scenario {
        left: Budget { crashes: 2, lost: 2, denied: 1, unreachable: 1, overdue: 1, ..NOTHING },
        ..REFRESH_TOKEN
    };
    three_generations: 200_000, Scenario {
        generation: 3,
        left: Budget { crashes: 1, lost: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    /// What is sent a second time ends the login, so that nothing is.
    a_server_that_revokes_families: 30_000, Scenario {
        server: Kind::FamilyRevoking,
        left: Budget { crashes: 3, lost: 3, overdue: 3, ..NOTHING },
        ..REFRESH_TOKEN
    };
    /// A login that arrives late ends the one that came after it.
    a_server_with_a_single_session: 200_000, Scenario {
        server: Kind::SingleSession,
        left: Budget { crashes: 1, lost: 2, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    a_second_sending: 20_000, Scenario {
        left: Budget { crashes: 1, lost: 2, denied: 1, overdue: 2, ..NOTHING },
        ..TOLERANT
    };
    a_second_sending_and_a_store_that_fails: 200_000, Scenario {
        left: Budget { crashes: 1, lost: 2, denied: 1, unreachable: 1, overdue: 1, ..NOTHING },
        ..TOLERANT
    };
    a_second_sending_and_a_password: 30_000, Scenario {
        credentials: Credentials::Right,
        who: LoginKind::Password,
        left: Budget { crashes: 1, lost: 1, denied: 1, overdue: 1, ..NOTHING },
        ..TOLERANT
    };
    /// Nobody is logged in, and one logs in for all.
    nothing_stored: 400_000, Scenario {
        start: Start::Empty,
        left: Budget { crashes: 1, lost: 1, unreachable: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    /// Every process was given the same refresh token.
    the_same_refresh_token_for_all: 70_000, Scenario {
        start: Start::Seeded,
        left: Budget { crashes: 2, lost: 2, unreachable: 1, overdue: 1, ..NOTHING },
        ..REFRESH_TOKEN
    };
    a_new_login: 100_000, Scenario {
        start: Start::NewLogin,
        left: Budget { crashes: 2, lost: 1, unreachable: 1, overdue: 1, ..NOTHING },
        ..REFRESH_TOKEN
    };
    a_wrong_password: 40_000, Scenario {
        credentials: Credentials::Wrong,
        left: Budget { crashes: 1, lost: 1, denied: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    /// A firewall, or a server that does not say what it has against the request.
    refused_in_unclear_words_with_a_password: 600_000, Scenario {
        left: Budget { crashes: 1, lost: 1, balked: 2, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    refused_in_unclear_words_with_nothing_to_log_in_with: 35_000, Scenario {
        left: Budget { crashes: 1, lost: 1, balked: 4, overdue: 1, ..NOTHING },
        ..REFRESH_TOKEN
    };
    /// A client's own login is refused, rests, and comes back.
    a_refused_login_that_comes_back: 300_000, Scenario {
        start: Start::Empty,
        left: Budget { crashes: 1, balked: 2, overdue: 1, ..NOTHING },
        ..CLIENT
    };
    /// One half of a fleet does not have the client's new secret yet.
    a_new_secret_that_is_not_everywhere_yet: 160_000, Scenario {
        has_old_secrets: true,
        left: Budget { crashes: 1, lost: 1, ..NOTHING },
        ..CLIENT
    };
    a_new_secret_in_three_processes: 110_000, Scenario {
        processes: 3,
        has_old_secrets: true,
        left: Budget { lost: 1, ..NOTHING },
        ..CLIENT
    };
    a_logout: 1_000_000, Scenario {
        left: Budget { crashes: 1, lost: 1, overdue: 1, logouts: 1, ..NOTHING },
        ..PASSWORD
    };
    /// A damaged tombstone is no way back to the login.
    a_logout_and_a_record_brought_back: 300_000, Scenario {
        left: Budget { denied: 1, logouts: 1, restores: 1, ..NOTHING },
        ..PASSWORD
    };
    /// A file was damaged, and the record before it is there again.
    a_record_brought_back: 5_000, Scenario {
        left: Budget { denied: 1, restores: 1, ..NOTHING },
        ..REFRESH_TOKEN
    };
    a_record_brought_back_and_a_password: 5_000, Scenario {
        left: Budget { denied: 1, restores: 1, ..NOTHING },
        ..PASSWORD
    };
    tries_again_and_signs_of_life: 100_000, Scenario {
        retries: 1,
        has_signs: true,
        left: Budget { crashes: 1, lost: 1, denied: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    three_processes: 400_000, Scenario {
        processes: 3,
        left: Budget { crashes: 1, lost: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    three_processes_and_a_single_session: 60_000, Scenario {
        processes: 3,
        server: Kind::SingleSession,
        left: Budget { lost: 1, overdue: 1, ..NOTHING },
        ..PASSWORD
    };
    three_processes_without_credentials: 45_000, Scenario {
        processes: 3,
        left: Budget { crashes: 2, lost: 1, overdue: 1, ..NOTHING },
        ..REFRESH_TOKEN
    };
}

/// Why a grant must not declare a second sending harmless lightly.
#[test]
fn a_second_sending_to_a_server_that_revokes_families_costs_the_login() {
    let report = search::explore(&Scenario {
        server: Kind::FamilyRevoking,
        left: Budget {
            overdue: 1,
            ..NOTHING
        },
        ..TOLERANT
    });
    let violation = report.violation.unwrap();
    assert!(
        violation.what.starts_with("a family is revoked"),
        "{violation:?}"
    );
}

const NOTHING: Budget = Budget {
    crashes: 0,
    lost: 0,
    denied: 0,
    balked: 0,
    unreachable: 0,
    overdue: 0,
    logouts: 0,
    restores: 0,
};
const PASSWORD: Scenario = Scenario {
    name: "",
    server: Kind::Plain,
    processes: 2,
    credentials: Credentials::Right,
    replay: Replay::Never,
    start: Start::LoggedIn,
    who: LoginKind::Password,
    has_old_secrets: false,
    retries: 0,
    has_signs: false,
    generation: 2,
    left: NOTHING,
};
const REFRESH_TOKEN: Scenario = Scenario {
    credentials: Credentials::None,
    who: LoginKind::Interactive,
    ..PASSWORD
};
const CLIENT: Scenario = Scenario {
    who: LoginKind::Client,
    ..PASSWORD
};
const TOLERANT: Scenario = Scenario {
    server: Kind::Tolerant,
    replay: Replay::Once,
    ..REFRESH_TOKEN
};
