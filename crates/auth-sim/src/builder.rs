//! What a simulator is like before it starts.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::door::Door;
use crate::fault::Latch;
use crate::realm::{Realm, Settings};
use crate::serve::Shared;
use crate::{Dialect, Received, Simulator, VendorServer};

/// Decides what a [`Simulator`] is like before it starts.
pub struct SimulatorBuilder {
    server: Arc<dyn VendorServer>,
    control: bool,
    port: u16,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    on_response: Box<dyn Fn(&Received) + Send + Sync>,
    settings: Settings,
}

/// Which bodies the token endpoint of the generic server reads.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bodies {
    /// Forms alone, as RFC 6749 has it.
    Form,
    /// JSON alone.
    Json,
    /// Either.
    #[default]
    Both,
}

impl SimulatorBuilder {
    pub(crate) fn new(server: Arc<dyn VendorServer>) -> Self {
        Self {
            settings: Settings::of(&*server),
            server,
            control: false,
            port: 0,
            clock: Box::new(machine_clock),
            on_response: Box::new(|_| {}),
        }
    }

    /// The port. Default: 0, any that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The clock; what [`Simulator::advance`] adds comes on top. Default: the machine's.
    #[must_use]
    pub fn now(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// How long an access token works. Default: Aerion 3600 s, Aeris 365 days, Ermeo 7200 s,
    /// generic 3600 s.
    #[must_use]
    pub fn access_token_lifetime(mut self, life: Duration) -> Self {
        self.settings.access_token_lifetime = life;
        self
    }

    /// How long a refresh token works. Default: Aerion and Ermeo 14 days, generic 30 days.
    #[must_use]
    pub fn refresh_token_lifetime(mut self, life: Duration) -> Self {
        self.settings.refresh_token_lifetime = life;
        self
    }

    /// Whether a spent refresh token that is presented again takes every token of its login with
    /// it, as RFC 9700 §4.14.2 recommends. Default: the generic server does, the vendors do not.
    #[must_use]
    pub fn revoke_family_on_reuse(mut self, revoke: bool) -> Self {
        self.settings.revoke_family_on_reuse = revoke;
        self
    }

    /// Which bodies the generic token endpoint reads. Default: both. The vendors have their own.
    #[must_use]
    pub fn bodies(mut self, bodies: Bodies) -> Self {
        self.settings.bodies = bodies;
        self
    }

    /// The words of every refusal of the token endpoint. Default: what the vendor documents.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = Some(dialect);
        self
    }

    /// Serves [`POST /_sim/…`](crate#from-a-shell), by which another process moves the clock and revokes
    /// tokens. Default: it does not.
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Called with every request when it is answered. Default: nothing is called.
    #[must_use]
    pub fn on_response(mut self, told: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        self.on_response = Box::new(told);
        self
    }

    /// Opens the port and starts to serve.
    ///
    /// # Errors
    ///
    /// If the port is taken or no socket or thread can be had.
    pub fn start(self) -> io::Result<Simulator> {
        let behind = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let behind_address = behind.local_addr()?;
        let listening = tiny_http::Server::from_listener(behind, None).map_err(io::Error::other)?;
        let listening = Arc::new(listening);
        let door = Door::open(self.port, behind_address)?;
        let url = format!("http://{}", door.address());
        let now = (self.clock)();
        let shared = Arc::new(Shared {
            control: self.control,
            server: Arc::clone(&self.server),
            clock: self.clock,
            on_response: self.on_response,
            advanced: Mutex::default(),
            realm: Mutex::new(Realm::new(self.server, self.settings, url.clone(), now)),
            log: Mutex::default(),
            token_plans: Mutex::default(),
            api_plans: Mutex::default(),
            gates: Mutex::default(),
            closing: Latch::default(),
        });
        let (for_thread, behind) = (Arc::clone(&shared), Arc::clone(&listening));
        let serving = thread::Builder::new()
            .name(format!("auth-sim {}", shared.server.name()))
            .spawn(move || for_thread.serve(&behind))?;
        Ok(Simulator {
            url,
            shared,
            listening,
            serving: Some(serving),
            door: Some(door),
        })
    }
}

impl fmt::Debug for SimulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatorBuilder")
            .field("server", &self.server.name())
            .field("port", &self.port)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a simulator has no session whose clock to ask"
)]
fn machine_clock() -> SystemTime {
    SystemTime::now()
}
