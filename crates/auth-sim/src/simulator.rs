//! A running server, as seen by a test.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::door::Door;
use crate::fault::{Latch, Plan};
use crate::serve::{Shared, lock};
use crate::{Fault, Gate, Received, Response, SimulatorBuilder, Vendor, VendorServer};

/// A vendor's server on a loopback port, which runs until it is dropped.
///
/// It can be used from several threads at once. Dropping it ends its threads and closes its
/// port. `Debug` shows no token.
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
    /// Starts Aerion with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened, as with all four of these constructors; use
    /// [`Simulator::builder`] for a `Result`.
    #[must_use]
    pub fn aerion() -> Self {
        Self::start(Vendor::Aerion)
    }

    /// Starts Aeris with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened.
    #[must_use]
    pub fn aeris() -> Self {
        Self::start(Vendor::Aeris)
    }

    /// Starts Ermeo with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened.
    #[must_use]
    pub fn ermeo() -> Self {
        Self::start(Vendor::Ermeo)
    }

    /// Starts the generic authorization server with its defaults.
    ///
    /// # Panics
    ///
    /// If no loopback port can be opened.
    #[must_use]
    pub fn generic() -> Self {
        Self::start(Vendor::Generic)
    }

    /// Configures a simulator with other settings than the vendor's, or with a [`VendorServer`] of your own.
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

    /// Returns the base URL without a trailing slash: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL of the token endpoint, without a query.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}{}", self.url, self.token_path())
    }

    /// Returns the name of the simulated server.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.server.name()
    }

    /// Returns the path of the token endpoint.
    #[must_use]
    pub fn token_path(&self) -> &str {
        self.shared.server.token_path()
    }

    /// Returns the simulator's own time: tokens expire by it, and `Date` shows it.
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

    /// Queues a fault for the next request to any path but the token endpoint's.
    pub fn next_api(&self, fault: Fault) {
        lock(&self.shared.api_plans).push_back(Plan::Fault(fault));
    }

    /// Queues a gate for the next request to the token endpoint: it is handled, and its response
    /// waits until the gate is released.
    #[must_use]
    pub fn hold(&self) -> Gate {
        self.gate(&self.shared.token_plans)
    }

    /// Queues a gate for the next request to any path but the token endpoint's.
    #[must_use]
    pub fn hold_api(&self) -> Gate {
        self.gate(&self.shared.api_plans)
    }

    /// Returns all requests since the last [`clear`](Self::clear), in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.log)
            .entries
            .iter()
            .map(|(_, received)| received.clone())
            .collect()
    }

    /// Returns the requests to the token endpoint.
    #[must_use]
    pub fn token_requests(&self) -> Vec<Received> {
        self.requests_where(|received| received.path == self.token_path())
    }

    /// Returns the requests to any path but the token endpoint's.
    #[must_use]
    pub fn api_requests(&self) -> Vec<Received> {
        self.requests_where(|received| received.path != self.token_path())
    }

    /// Discards the recorded requests and the queued faults. Tokens and clock stay.
    pub fn clear(&self) {
        lock(&self.shared.log).entries.clear();
        lock(&self.shared.token_plans).clear();
        lock(&self.shared.api_plans).clear();
    }

    /// Revokes every access token issued so far: the API refuses them from now on.
    pub fn revoke_access_tokens(&self) {
        lock(&self.shared.realm).tokens.revoke_access();
    }

    /// Revokes every refresh token issued so far: a refresh is refused with `invalid_grant`.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.shared.realm).tokens.revoke_refresh();
    }

    /// Issues a refresh token as from a login elsewhere, such as a web SSO login, for the
    /// account of the server. Aeris has no refresh tokens, so the result has no use there.
    #[must_use]
    pub fn issue_refresh_token(&self) -> String {
        let mut realm = lock(&self.shared.realm);
        realm.now = self.now();
        let (login, family) = (self.shared.server.account(), realm.tokens.new_family());
        let token = self.shared.server.fresh_token();
        realm.issue_refresh(&login, family, token)
    }

    /// Returns how often each issued refresh token was presented, whatever the response.
    ///
    /// A token that works once must be sent at most once: a count of 2 shows a client that reused one.
    /// Requests that a fault kept from being handled are not counted; they are in
    /// [`token_requests`](Self::token_requests).
    #[must_use]
    pub fn spends(&self) -> BTreeMap<String, usize> {
        lock(&self.shared.realm).tokens.presented().clone()
    }

    /// Sets whether the user of the generic server declines on the consent page from now on: the
    /// redirect then has `error=access_denied`.
    pub fn user_refuses(&self, refuses: bool) {
        lock(&self.shared.realm).user_refuses = refuses;
    }

    /// Sets the current secrets of the well-known client: none while its key is not active,
    /// two while a new one is rolled out. Aerion does not check the client, so it has no effect there.
    pub fn accept_client_secrets<S: Into<String>>(&self, secrets: impl IntoIterator<Item = S>) {
        let secrets = secrets.into_iter().map(Into::into).collect();
        lock(&self.shared.realm).client_secrets = secrets;
    }

    /// Sets whether the account is locked from now on: a login is refused as for a wrong password, at Aeris
    /// as for a wrong API key. Tokens and refreshes continue to work.
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
        // A request that is never received would keep its thread in `tiny_http` alive forever.
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
