//! The state of one server, and who answers which path.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::generic::{Code, Device, Pushed};
use crate::tokens::{Family, Login, Rejection, Tokens};
use crate::{Bodies, Dialect, Vendor, aeris, ermeo, generic};

/// The state of one authorization server and of the API behind it.
pub(crate) struct Realm {
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
}

/// What a builder decides.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) access_token_life: Duration,
    pub(crate) refresh_token_lifetime: Duration,
    pub(crate) revoke_family_on_reuse: bool,
    pub(crate) bodies: Bodies,
    /// None, and it refuses as the vendor documents.
    pub(crate) dialect: Option<Dialect>,
}

/// An access token and, where the grant brings one, a refresh token.
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Realm {
    pub(crate) fn new(vendor: Vendor, settings: Settings, url: String, now: SystemTime) -> Self {
        Self {
            settings,
            url,
            now,
            tokens: Tokens::default(),
            codes: HashMap::new(),
            devices: HashMap::new(),
            pushed: HashMap::new(),
            assets: ermeo::assets(),
            user_refuses: false,
            client_secrets: client_secret(vendor)
                .map(str::to_owned)
                .into_iter()
                .collect(),
            is_locked: false,
        }
    }

    /// Issues an access token and the refresh token that goes with it.
    pub(crate) fn issue_pair(
        &mut self,
        login: &Login,
        family: Family,
        fresh: fn() -> String,
    ) -> Pair {
        let access = self.issue_access(login, family, fresh());
        Pair {
            access,
            refresh: self.issue_refresh(login, family, fresh()),
        }
    }

    pub(crate) fn issue_access(&mut self, login: &Login, family: Family, token: String) -> String {
        let expires = self.now + self.settings.access_token_life;
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
        self.tokens.spend(
            token,
            client,
            self.now,
            self.settings.revoke_family_on_reuse,
        )
    }

    /// Whether the well-known client is known by this secret.
    pub(crate) fn knows_secret(&self, secret: &str) -> bool {
        self.client_secrets.iter().any(|known| known == secret)
    }

    pub(crate) fn expires_in(&self) -> u64 {
        self.settings.access_token_life.as_secs()
    }
}

impl Settings {
    pub(crate) fn of(vendor: Vendor) -> Self {
        let (access, refresh, revoke_family_on_reuse) = match vendor {
            Vendor::Aerion => (HOUR, 14 * DAY, false),
            Vendor::Aeris => (365 * DAY, 365 * DAY, false),
            Vendor::Ermeo => (2 * HOUR, 14 * DAY, false),
            Vendor::Generic => (HOUR, 30 * DAY, true),
        };
        Self {
            access_token_life: Duration::from_secs(access),
            refresh_token_lifetime: Duration::from_secs(refresh),
            revoke_family_on_reuse,
            bodies: Bodies::Both,
            dialect: None,
        }
    }
}

fn client_secret(vendor: Vendor) -> Option<&'static str> {
    match vendor {
        Vendor::Aerion => None,
        Vendor::Aeris => Some(aeris::CLIENT_SECRET),
        Vendor::Ermeo => Some(ermeo::CLIENT_SECRET),
        Vendor::Generic => Some(generic::CLIENT_SECRET),
    }
}

/// The second of the epoch.
pub(crate) fn epoch(moment: SystemTime) -> u64 {
    moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
