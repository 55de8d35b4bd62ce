//! One running server, as a test sees it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::door::Door;
use crate::fault::{Latch, Plan};
use crate::serve::{Shared, lock};
use crate::{Fault, Gate, Received, Response, SimulatorBuilder, Vendor, VendorServer};

/// One vendor's server on a loopback port, until it is dropped.
///
/// All of it can be used from several threads at once. Its threads end and its port closes when
/// it is dropped. `Debug` shows no token.
///
/// ```
/// let ermeo = auth_sim::Simulator::ermeo();
/// assert!(ermeo.url().starts_with("http://127.0.0.1:"));
/// assert!(ermeo.requests().is_empty());
/// ```
pub struct Simulator {
    pub(crate) url: String,
    pub(crate) shared: Arc<Shared>,
    pub(crate) listening: Arc<tiny_http::Server>,
    pub(crate) serving: Option<JoinHandle<()>>,
    pub(crate) door: Option<Door>,
}

impl Simulator {
    /// Aerion, with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened, as all four of these constructors; use
    /// [`Simulator::builder`] for a `Result`.
    #[must_use]
    pub fn aerion() -> Self {
        Self::start(Vendor::Aerion)
    }

    /// Aeris, with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened.
    #[must_use]
    pub fn aeris() -> Self {
        Self::start(Vendor::Aeris)
    }

    /// Ermeo, with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened.
    #[must_use]
    pub fn ermeo() -> Self {
        Self::start(Vendor::Ermeo)
    }

    /// The generic authorization server, with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened.
    #[must_use]
    pub fn generic() -> Self {
        Self::start(Vendor::Generic)
    }

    /// A simulator with other settings than the vendor's, or of a [`VendorServer`] of your own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use auth_sim::{Simulator, Vendor};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let ermeo = Simulator::builder(Vendor::Ermeo)
    ///     .access_token_lifetime(Duration::from_secs(60))
    ///     .revoke_family_on_reuse(true)
    ///     .start()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(server: impl VendorServer) -> SimulatorBuilder {
        SimulatorBuilder::new(Arc::new(server))
    }

    #[cfg(feature = "conformance")]
    pub(crate) fn builder_of(server: Arc<dyn VendorServer>) -> SimulatorBuilder {
        SimulatorBuilder::new(server)
    }

    /// The base URL, without a slash at its end: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the token endpoint, without a query.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}{}", self.url, self.token_path())
    }

    /// The name of the server that is simulated.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.server.name()
    }

    /// The path of the token endpoint.
    #[must_use]
    pub fn token_path(&self) -> &str {
        self.shared.server.token_path()
    }

    /// The simulator's own time: tokens expire by it, and `Date` shows it.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.shared.now()
    }

    /// Moves the simulator's own clock forward.
    pub fn advance(&self, by: Duration) {
        *lock(&self.shared.advanced) += by;
    }

    /// Queues a fault for the next request to the token endpoint.
    pub fn next(&self, fault: Fault) {
        lock(&self.shared.token_plans).push_back(Plan::Fault(fault));
    }

    /// Queues a response in JSON for the next request to the token endpoint, in place of the server's own.
    pub fn respond(&self, status: u16, json: &str) {
        self.next(Fault::Response(Response::json(status, json)));
    }

    /// Queues a fault for the next request to anything but the token endpoint.
    pub fn next_api(&self, fault: Fault) {
        lock(&self.shared.api_plans).push_back(Plan::Fault(fault));
    }

    /// Queues a gate for the next request to the token endpoint: it is handled, and its answer
    /// waits until the gate is released.
    #[must_use]
    pub fn hold(&self) -> Gate {
        self.gate(&self.shared.token_plans)
    }

    /// Queues a gate for the next request to anything but the token endpoint.
    #[must_use]
    pub fn hold_api(&self) -> Gate {
        self.gate(&self.shared.api_plans)
    }

    /// Everything that arrived since the last [`clear`](Self::clear), in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.log)
            .entries
            .iter()
            .map(|(_, received)| received.clone())
            .collect()
    }

    /// What arrived at the token endpoint.
    #[must_use]
    pub fn token_requests(&self) -> Vec<Received> {
        self.requests_where(|received| received.path == self.token_path())
    }

    /// What arrived anywhere but at the token endpoint.
    #[must_use]
    pub fn api_requests(&self) -> Vec<Received> {
        self.requests_where(|received| received.path != self.token_path())
    }

    /// Forgets the requests and the faults that are still queued. Tokens and clock stay.
    pub fn clear(&self) {
        lock(&self.shared.log).entries.clear();
        lock(&self.shared.token_plans).clear();
        lock(&self.shared.api_plans).clear();
    }

    /// Revokes every access token issued so far: the API refuses them from now on.
    pub fn revoke_access_tokens(&self) {
        lock(&self.shared.realm).tokens.revoke_access();
    }

    /// Revokes every refresh token issued so far: a refresh answers `invalid_grant`.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.shared.realm).tokens.revoke_refresh();
    }

    /// A refresh token from a login that happened elsewhere, such as a web SSO login, for the
    /// account of the server. Aeris has none: there it is good for nothing.
    #[must_use]
    pub fn issue_refresh_token(&self) -> String {
        let mut realm = lock(&self.shared.realm);
        realm.now = self.now();
        let (login, family) = (self.shared.server.account(), realm.tokens.new_family());
        let token = self.shared.server.fresh_token();
        realm.issue_refresh(&login, family, token)
    }

    /// How often each refresh token that was issued has been presented, whatever was answered.
    ///
    /// A token that works once must be sent at most once: a 2 is a client that sent a spent one.
    /// Requests that a fault kept from being handled do not count; they are in
    /// [`token_requests`](Self::token_requests).
    #[must_use]
    pub fn spends(&self) -> BTreeMap<String, usize> {
        lock(&self.shared.realm).tokens.presented().clone()
    }

    /// Whether the user of the generic server declines on the consent page from now on: the
    /// redirect brings `error=access_denied`.
    pub fn user_refuses(&self, refuses: bool) {
        lock(&self.shared.realm).user_refuses = refuses;
    }

    /// The secrets that the well-known client is known by from now on: none while its key is not active,
    /// two while a new one is rolled out. Aerion does not look at the client, so there it changes nothing.
    pub fn accept_client_secrets<S: Into<String>>(&self, secrets: impl IntoIterator<Item = S>) {
        let secrets = secrets.into_iter().map(Into::into).collect();
        lock(&self.shared.realm).client_secrets = secrets;
    }

    /// Whether the account is locked from now on: a login is refused as with a wrong password, at Aeris as
    /// with a wrong API key. Tokens go on working, and so do refreshes.
    pub fn lock_account(&self, locked: bool) {
        lock(&self.shared.realm).is_locked = locked;
    }

    fn start(vendor: Vendor) -> Self {
        let started = Self::builder(vendor).start();
        started.unwrap_or_else(|error| panic!("no loopback port for {vendor:?}: {error}"))
    }

    fn gate(&self, plans: &Mutex<VecDeque<Plan>>) -> Gate {
        let latch = Arc::new(Latch::default());
        lock(&self.shared.gates).push(Arc::clone(&latch));
        lock(plans).push_back(Plan::Hold(Arc::clone(&latch)));
        Gate(latch)
    }

    fn requests_where(&self, wanted: impl Fn(&Received) -> bool) -> Vec<Received> {
        self.requests().into_iter().filter(wanted).collect()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.close();
        self.door = None;
        self.listening.unblock();
        if let Some(serving) = self.serving.take() {
            drop(serving.join());
        }
        // A request that nobody took would keep its thread in `tiny_http` for ever.
        while let Ok(Some(request)) = self.listening.try_recv() {
            drop(request);
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("server", &self.name())
            .field("url", &self.url)
            .field("requests", &lock(&self.shared.log).entries.len())
            .finish_non_exhaustive()
    }
}
