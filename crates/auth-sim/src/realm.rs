//! The state of one server: tokens and their lifetimes, the account, unfinished logins.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::generic::{Code, Device, Pushed};
use crate::tokens::{Family, Login, Rejection, Tokens};
use crate::{Bodies, Dialect, VendorServer, ermeo};

/// The state of one authorization server and of the API behind it.
///
/// A [`VendorServer`] receives it with each request, and issues, spends and checks tokens with it.
pub struct Realm {
    pub(crate) server: Arc<dyn VendorServer>,
    pub(crate) settings: Settings,
    pub(crate) url: String,
    pub(crate) now: SystemTime,
    pub(crate) tokens: Tokens,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) devices: HashMap<String, Device>,
    pub(crate) pushed: HashMap<String, Pushed>,
    pub(crate) assets: Vec<Value>,
    pub(crate) user_refuses: bool,
    /// The secrets of the well-known client.
    pub(crate) client_secrets: Vec<String>,
    pub(crate) is_locked: bool,
    /// `true` if the current request presented a refresh token.
    pub(crate) is_refresh: bool,
}

/// Settings from the builder.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) access_token_lifetime: Duration,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) revoke_family_on_reuse: bool,
    pub(crate) bodies: Bodies,
    /// The wording of refusals; `None` for the vendor's documented one.
    pub(crate) dialect: Option<Dialect>,
}

/// An access token and the refresh token that was issued with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pair {
    /// The access token.
    pub access_token: String,
    /// The refresh token, which works once. A server without refresh tokens leaves it out of its response.
    pub refresh_token: String,
}

impl Realm {
    pub(crate) fn new(
        server: Arc<dyn VendorServer>,
        settings: Settings,
        url: String,
        now: SystemTime,
    ) -> Self {
        Self {
            client_secrets: server
                .client_secret()
                .map(str::to_owned)
                .into_iter()
                .collect(),
            server,
            settings,
            url,
            now,
            tokens: Tokens::default(),
            codes: HashMap::new(),
            devices: HashMap::new(),
            pushed: HashMap::new(),
            assets: ermeo::assets(),
            user_refuses: false,
            is_locked: false,
            is_refresh: false,
        }
    }

    /// Issues the first tokens of a login.
    pub fn log_in(&mut self, login: &Login) -> Pair {
        let family = self.tokens.new_family();
        self.issue_pair(login, family)
    }

    /// Spends a refresh token, which works once, and issues its successors.
    ///
    /// `client` is the client that presents it; `None` if the vendor does not check that.
    ///
    /// # Errors
    /// If the token was not issued, belongs to another client, was spent or revoked, or has expired.
    pub fn refresh(
        &mut self,
        refresh_token: &str,
        client: Option<&str>,
    ) -> Result<Pair, Rejection> {
        let (login, family) = self.spend(refresh_token, client)?;
        Ok(self.issue_pair(&login, family))
    }

    /// Returns the login that an access token was issued to.
    ///
    /// # Errors
    /// If the token was not issued, was revoked, or has expired.
    pub fn access(&self, token: &str) -> Result<&Login, Rejection> {
        self.tokens.access(token, self.now)
    }

    /// Returns `true` if this is a current secret of the well-known client.
    #[must_use]
    pub fn knows_secret(&self, secret: &str) -> bool {
        self.client_secrets.iter().any(|known| known == secret)
    }

    /// Returns `true` if the account is locked: a login is refused as for a wrong password.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Returns the time of the simulator.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.now
    }

    /// Returns the lifetime of an access token, in seconds.
    #[must_use]
    pub fn expires_in(&self) -> u64 {
        self.settings.access_token_lifetime.as_secs()
    }

    fn issue_pair(&mut self, login: &Login, family: Family) -> Pair {
        let (access, refresh) = (self.server.fresh_token(), self.server.fresh_token());
        Pair {
            access_token: self.issue_access(login, family, access),
            refresh_token: self.issue_refresh(login, family, refresh),
        }
    }

    pub(crate) fn issue_access(&mut self, login: &Login, family: Family, token: String) -> String {
        let expires = self.now + self.settings.access_token_lifetime;
        self.tokens.issue_access(&token, login, family, expires);
        token
    }

    pub(crate) fn issue_refresh(&mut self, login: &Login, family: Family, token: String) -> String {
        let expires = self.now + self.settings.refresh_token_lifetime;
        self.tokens.issue_refresh(&token, login, family, expires);
        token
    }

    pub(crate) fn spend(
        &mut self,
        token: &str,
        client: Option<&str>,
    ) -> Result<(Login, Family), Rejection> {
        self.is_refresh = true;
        self.tokens.spend(
            token,
            client,
            self.now,
            self.settings.revoke_family_on_reuse,
        )
    }
}

impl fmt::Debug for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Realm")
            .field("server", &self.server.name())
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Settings {
    pub(crate) fn of(server: &dyn VendorServer) -> Self {
        Self {
            access_token_lifetime: server.access_token_lifetime(),
            refresh_token_lifetime: server.refresh_token_lifetime(),
            revoke_family_on_reuse: server.revokes_family_on_reuse(),
            bodies: Bodies::Both,
            dialect: None,
        }
    }
}

/// Seconds since the epoch.
pub(crate) fn epoch(moment: SystemTime) -> u64 {
    moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
