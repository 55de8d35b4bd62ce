//! Where the person logs in: at oidc-provider, or where that cannot run at the simulator.

use std::io;

use auth_all::testing::ManualClock;
use auth_sim::{Simulator, Vendor, generic};
use services::{Error, Installed};

/// A running authorization server.
pub(super) enum Server {
    /// oidc-provider, on Node.
    Real(Installed),
    /// The generic one of `auth-sim`, which asks the person nothing.
    Simulated(Simulator),
}

impl Server {
    /// The real one if it is there; else the other, and why.
    pub(super) fn start(clock: &ManualClock) -> io::Result<(Self, Option<String>)> {
        let why = match Installed::oidc_provider() {
            Ok(server) => return Ok((Self::Real(server), None)),
            Err(Error::Missing(what)) => format!("`{what}` is missing"),
            Err(Error::Failed(what)) => what,
        };
        let clock = clock.clone();
        let simulator = Simulator::builder(Vendor::Generic)
            .now(move || clock.system_time())
            .start()?;
        Ok((Self::Simulated(simulator), Some(format!("{why}{INSTEAD}"))))
    }

    pub(super) fn about(&self) -> &'static str {
        match self {
            Self::Real(_) => "oidc-provider, which nobody here wrote",
            Self::Simulated(_) => "the simulator, which asks nothing",
        }
    }

    pub(super) fn issuer(&self) -> &str {
        match self {
            Self::Real(server) => server.url("issuer"),
            Self::Simulated(server) => server.url(),
        }
    }

    /// A public client that the server knows.
    pub(super) fn client_id(&self) -> &'static str {
        match self {
            Self::Real(_) => "app",
            Self::Simulated(_) => generic::PUBLIC_CLIENT_ID,
        }
    }

    /// Under which name the API says whose token it is shown.
    pub(super) fn owner(&self) -> &'static str {
        match self {
            Self::Real(_) => "user",
            Self::Simulated(_) => "sub",
        }
    }

    /// What the demonstration does when it has the code of a device.
    pub(super) fn did_for_device(&self) -> &'static str {
        match self {
            Self::Real(_) => "the demonstration enters the code, logs in as alice and agrees",
            Self::Simulated(_) => "the demonstration opens the URL with the code in it",
        }
    }

    /// What the pages of a login are called, to the last one, which is ours.
    pub(super) fn pages(&self) -> &'static [&'static str] {
        match self {
            Self::Real(_) => &["Log in", "May it?", LOGGED_IN],
            Self::Simulated(_) => &[LOGGED_IN],
        }
    }
}

/// Whose account it is, at both servers.
pub(super) const ALICE: (&str, &str) = ("alice", "alice's password");

const LOGGED_IN: &str = "You are logged in";

const INSTEAD: &str = ".\n   So the login is at the simulator, which takes everybody for alice.
   `cargo xtask setup` installs a real server; it needs Python 3.10, and Node 20 with npm.";
