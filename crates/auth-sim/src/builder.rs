//! Settings of a simulator before it starts.

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

/// Settings of a [`Simulator`] before it starts.
///
/// ```
/// use std::time::Duration;
/// use auth_sim::{Bodies, Dialect, Simulator, Vendor, generic};
///
/// // A server that reads JSON alone, whose refusals have no body and whose tokens live a minute.
/// let server = Simulator::builder(Vendor::Generic)
///     .bodies(Bodies::Json)
///     .dialect(Dialect::BareStatus)
///     .access_token_lifetime(Duration::from_secs(60))
///     .start()?;
/// let login = serde_json::json!({
///     "grant_type": "client_credentials",
///     "client_id": generic::CLIENT_ID,
///     "client_secret": generic::CLIENT_SECRET,
/// });
/// let post = ureq::post(server.token_url()).content_type("application/json");
/// let tokens = post.send(login.to_string())?.into_body().read_to_string()?;
/// assert!(tokens.contains(r#""expires_in":60"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SimulatorBuilder {
    server: Arc<dyn VendorServer>,
    control: bool,
    port: u16,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
    on_response: Box<dyn Fn(&Received) + Send + Sync>,
    settings: Settings,
}

/// Encodings that the token endpoint of the generic server accepts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bodies {
    /// Forms only, as in RFC 6749.
    Form,
    /// JSON only.
    Json,
    /// Forms and JSON.
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

    /// Sets the port. Default: 0, which picks a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the clock; [`Simulator::advance`] adds to it. Default: the machine's clock.
    #[must_use]
    pub fn now(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets the lifetime of access tokens. Default: Aerion 3600 s, Aeris 365 days, Ermeo 7200 s,
    /// generic 3600 s.
    #[must_use]
    pub fn access_token_lifetime(mut self, life: Duration) -> Self {
        self.settings.access_token_lifetime = life;
        self
    }

    /// Sets the lifetime of refresh tokens. Default: Aerion and Ermeo 14 days, generic 30 days.
    #[must_use]
    pub fn refresh_token_lifetime(mut self, life: Duration) -> Self {
        self.settings.refresh_token_lifetime = life;
        self
    }

    /// Sets whether the reuse of a spent refresh token revokes every token of its login, as RFC 9700
    /// §4.14.2 recommends. Default: `true` for the generic server, `false` for the vendors.
    #[must_use]
    pub fn revoke_family_on_reuse(mut self, revoke: bool) -> Self {
        self.settings.revoke_family_on_reuse = revoke;
        self
    }

    /// Sets the encodings that the generic token endpoint accepts. Default: both. Has no effect on a vendor.
    #[must_use]
    pub fn bodies(mut self, bodies: Bodies) -> Self {
        self.settings.bodies = bodies;
        self
    }

    /// Sets the wording of every refusal of the token endpoint. Default: the vendor's documented one.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.settings.dialect = Some(dialect);
        self
    }

    /// Serves [`POST /_sim/…`](crate#from-a-shell), with which another process moves the clock and revokes
    /// tokens. Default: `false`.
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Sets a function that is called with every answered request. Default: none.
    #[must_use]
    pub fn on_response(mut self, told: impl Fn(&Received) + Send + Sync + 'static) -> Self {
        self.on_response = Box::new(told);
        self
    }

    /// Opens the port and starts to serve.
    ///
    /// # Errors
    ///
    /// If the port is taken, or the system grants no socket or thread.
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
    reason = "a simulator has no session that could supply a clock"
)]
fn machine_clock() -> SystemTime {
    SystemTime::now()
}
