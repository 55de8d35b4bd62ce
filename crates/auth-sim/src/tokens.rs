//! Tokens: issued, expired, spent, revoked.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

/// Every token that was issued, and its state.
#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, Issued>,
    refresh: HashMap<String, Issued>,
    presented: BTreeMap<String, usize>,
    families: u64,
}

/// The client and the user that tokens are issued to, and their scope.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The client id.
    pub client: String,
    /// The user; a client that logs in for itself is its own user.
    pub user: String,
    /// The scope, empty if there is none.
    pub scope: String,
}

impl Login {
    /// A login of this user at this client, without a scope.
    pub fn new(client: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            client: client.into(),
            user: user.into(),
            scope: String::new(),
        }
    }

    /// Sets the scope. Default: empty.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }
}

/// The tokens that descend from one login.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Family(u64);

/// Reason why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rejection {
    /// Never issued, issued to another client, revoked, or spent.
    Invalid,
    /// Past its lifetime.
    Expired,
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) login: Login,
    pub(crate) family: Family,
    pub(crate) expires: SystemTime,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Live,
    Spent,
    Revoked,
}

impl Issued {
    fn new(login: &Login, family: Family, expires: SystemTime) -> Self {
        Self {
            login: login.clone(),
            family,
            expires,
            state: State::Live,
        }
    }
}

impl Tokens {
    pub(crate) fn new_family(&mut self) -> Family {
        self.families += 1;
        Family(self.families)
    }

    pub(crate) fn issue_access(
        &mut self,
        token: &str,
        login: &Login,
        family: Family,
        expires: SystemTime,
    ) {
        let issued = Issued::new(login, family, expires);
        self.access.insert(token.to_owned(), issued);
    }

    pub(crate) fn issue_refresh(
        &mut self,
        token: &str,
        login: &Login,
        family: Family,
        expires: SystemTime,
    ) {
        let issued = Issued::new(login, family, expires);
        self.refresh.insert(token.to_owned(), issued);
        self.presented.insert(token.to_owned(), 0);
    }

    pub(crate) fn access(&self, token: &str, now: SystemTime) -> Result<&Login, Rejection> {
        self.access.get(token).ok_or(Rejection::Invalid)?.check(now)
    }

    /// Returns a token that was issued, of either kind.
    pub(crate) fn known(&self, token: &str) -> Option<Issued> {
        self.access.get(token).or(self.refresh.get(token)).cloned()
    }

    /// Returns the login of a refresh token that can be spent.
    pub(crate) fn refresh_login(&self, token: &str) -> Option<&Login> {
        self.refresh.get(token).map(|issued| &issued.login)
    }

    /// Spends a refresh token, which works once. `client` is `None` if the vendor does not check
    /// the token's client.
    pub(crate) fn spend(
        &mut self,
        token: &str,
        client: Option<&str>,
        now: SystemTime,
        revoke_family_on_reuse: bool,
    ) -> Result<(Login, Family), Rejection> {
        let issued = self.refresh.get_mut(token).ok_or(Rejection::Invalid)?;
        *self.presented.entry(token.to_owned()).or_default() += 1;
        if client.is_some_and(|client| client != issued.login.client) {
            return Err(Rejection::Invalid);
        }
        let family = issued.family;
        let checked = issued.check(now).cloned();
        match issued.state {
            State::Live if checked.is_ok() => issued.state = State::Spent,
            State::Spent if revoke_family_on_reuse => self.revoke_family(family),
            _ => {}
        }
        checked.map(|login| (login, family))
    }

    pub(crate) fn revoke_family(&mut self, family: Family) {
        let all = self.access.values_mut().chain(self.refresh.values_mut());
        all.filter(|issued| issued.family == family)
            .for_each(|issued| issued.state = State::Revoked);
    }

    pub(crate) fn revoke_access(&mut self) {
        self.access
            .values_mut()
            .for_each(|issued| issued.state = State::Revoked);
    }

    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh
            .values_mut()
            .for_each(|issued| issued.state = State::Revoked);
    }

    pub(crate) fn presented(&self) -> &BTreeMap<String, usize> {
        &self.presented
    }
}

impl Issued {
    pub(crate) fn is_live(&self, now: SystemTime) -> bool {
        self.check(now).is_ok()
    }

    /// RFC 6749 does not define the exact second of expiry. Here a token of 3600 s is valid for
    /// 3600 s, and expired from then on.
    fn check(&self, now: SystemTime) -> Result<&Login, Rejection> {
        match self {
            Self {
                state: State::Spent | State::Revoked,
                ..
            } => Err(Rejection::Invalid),
            Self { expires, .. } if now >= *expires => Err(Rejection::Expired),
            Self { login, .. } => Ok(login),
        }
    }
}

/// Returns random characters from an alphabet.
pub(crate) fn random(alphabet: &str, length: usize) -> String {
    let letters = alphabet.as_bytes();
    (0..length)
        .map(|_| char::from(letters[fastrand::usize(..letters.len())]))
        .collect()
}

pub(crate) const HEX: &str = "0123456789abcdef";
pub(crate) const ALPHANUMERIC: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
