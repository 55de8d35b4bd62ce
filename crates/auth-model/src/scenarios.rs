//! The table of what is explored.

use crate::grant::{LoginKind, Replay};
use crate::login::Generation;

use super::scenario::{Budget, Credentials, Scenario, ServerKind, Start};

/// The scenario of this name.
pub(super) fn named(name: &str) -> Option<Scenario> {
    SCENARIOS
        .iter()
        .find(|scenario| scenario.name == name)
        .copied()
}

/// Why a grant must not declare a second sending harmless lightly: it costs the login.
pub(super) const REPLAY_TO_A_REVOKING_SERVER: Scenario = Scenario {
    server: ServerKind::FamilyRevoking,
    left: Budget {
        overdue: 1,
        ..NOTHING
    },
    ..TOLERANT
};

pub(super) const SCENARIOS: &[Scenario] = &[
    // The plainest: one login, and a password for the worst case.
    Scenario {
        name: "a password",
        at_least: 200_000,
        left: Budget {
            crashes: 2,
            lost: 2,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "a password and a store that fails",
        at_least: 500_000,
        left: Budget {
            crashes: 1,
            lost: 1,
            denied: 1,
            unreachable: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    // The login dies with its refresh token, so that nothing hides a loss.
    Scenario {
        name: "no credentials",
        at_least: 50_000,
        left: Budget {
            crashes: 3,
            lost: 3,
            denied: 1,
            overdue: 2,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
    Scenario {
        name: "no credentials and a store that fails",
        at_least: 80_000,
        left: Budget {
            crashes: 2,
            lost: 2,
            denied: 1,
            unreachable: 1,
            overdue: 1,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
    Scenario {
        name: "three generations",
        at_least: 200_000,
        generation: Generation(3),
        left: Budget {
            crashes: 1,
            lost: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    // What is sent a second time ends the login, so that nothing is.
    Scenario {
        name: "a server that revokes families",
        at_least: 30_000,
        server: ServerKind::FamilyRevoking,
        left: Budget {
            crashes: 3,
            lost: 3,
            overdue: 3,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
    // A login that arrives late ends the one that came after it.
    Scenario {
        name: "a server with a single session",
        at_least: 200_000,
        server: ServerKind::SingleSession,
        left: Budget {
            crashes: 1,
            lost: 2,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "a second sending",
        at_least: 20_000,
        left: Budget {
            crashes: 1,
            lost: 2,
            denied: 1,
            overdue: 2,
            ..NOTHING
        },
        ..TOLERANT
    },
    Scenario {
        name: "a second sending and a store that fails",
        at_least: 200_000,
        left: Budget {
            crashes: 1,
            lost: 2,
            denied: 1,
            unreachable: 1,
            overdue: 1,
            ..NOTHING
        },
        ..TOLERANT
    },
    Scenario {
        name: "a second sending and a password",
        at_least: 30_000,
        credentials: Credentials::Right,
        who: LoginKind::Password,
        left: Budget {
            crashes: 1,
            lost: 1,
            denied: 1,
            overdue: 1,
            ..NOTHING
        },
        ..TOLERANT
    },
    // No login yet: one process logs in for all.
    Scenario {
        name: "nothing stored",
        at_least: 400_000,
        start: Start::Empty,
        left: Budget {
            crashes: 1,
            lost: 1,
            unreachable: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    // Every process was given the same refresh token.
    Scenario {
        name: "the same refresh token for all",
        at_least: 70_000,
        start: Start::Seeded,
        left: Budget {
            crashes: 2,
            lost: 2,
            unreachable: 1,
            overdue: 1,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
    Scenario {
        name: "a wrong password",
        at_least: 40_000,
        credentials: Credentials::Wrong,
        left: Budget {
            crashes: 1,
            lost: 1,
            denied: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    // A firewall, or a server that does not say what it has against the request.
    Scenario {
        name: "refused in unclear words with a password",
        at_least: 600_000,
        left: Budget {
            crashes: 1,
            lost: 1,
            balked: 2,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "refused in unclear words with nothing to log in with",
        at_least: 35_000,
        left: Budget {
            crashes: 1,
            lost: 1,
            balked: 4,
            overdue: 1,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
    // A client's own login is refused, rests, and comes back.
    Scenario {
        name: "a refused login that comes back",
        at_least: 300_000,
        start: Start::Empty,
        left: Budget {
            crashes: 1,
            balked: 2,
            overdue: 1,
            ..NOTHING
        },
        ..CLIENT
    },
    // One half of a fleet does not have the client's new secret yet.
    Scenario {
        name: "a new secret that is not everywhere yet",
        at_least: 160_000,
        has_old_secrets: true,
        left: Budget {
            crashes: 1,
            lost: 1,
            ..NOTHING
        },
        ..CLIENT
    },
    Scenario {
        name: "a new secret in three processes",
        at_least: 110_000,
        processes: 3,
        has_old_secrets: true,
        left: Budget { lost: 1, ..NOTHING },
        ..CLIENT
    },
    Scenario {
        name: "a logout",
        at_least: 1_000_000,
        left: Budget {
            crashes: 1,
            lost: 1,
            overdue: 1,
            logouts: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    // A damaged tombstone is no way back to the login.
    Scenario {
        name: "a logout and a record brought back",
        at_least: 300_000,
        left: Budget {
            denied: 1,
            logouts: 1,
            restores: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    // A file was damaged, and the record before it is there again.
    Scenario {
        name: "a record brought back",
        at_least: 5_000,
        left: Budget {
            denied: 1,
            restores: 1,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
    Scenario {
        name: "a record brought back and a password",
        at_least: 5_000,
        left: Budget {
            denied: 1,
            restores: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "tries again and signs of life",
        at_least: 100_000,
        retries: 1,
        has_signs: true,
        left: Budget {
            crashes: 1,
            lost: 1,
            denied: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "three processes",
        at_least: 400_000,
        processes: 3,
        left: Budget {
            crashes: 1,
            lost: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "three processes and a single session",
        at_least: 60_000,
        processes: 3,
        server: ServerKind::SingleSession,
        left: Budget {
            lost: 1,
            overdue: 1,
            ..NOTHING
        },
        ..PASSWORD
    },
    Scenario {
        name: "three processes without credentials",
        at_least: 45_000,
        processes: 3,
        left: Budget {
            crashes: 2,
            lost: 1,
            overdue: 1,
            ..NOTHING
        },
        ..REFRESH_TOKEN
    },
];

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
    at_least: 1,
    server: ServerKind::Plain,
    processes: 2,
    credentials: Credentials::Right,
    replay: Replay::Never,
    start: Start::LoggedIn,
    who: LoginKind::Password,
    has_old_secrets: false,
    retries: 0,
    has_signs: false,
    generation: Generation(2),
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
    server: ServerKind::Tolerant,
    replay: Replay::Once,
    ..REFRESH_TOKEN
};
