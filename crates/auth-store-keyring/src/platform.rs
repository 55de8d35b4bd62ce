//! The keyring of this system, and the directory of its lock files.

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use auth_core::Result;
use keyring_core::{CredentialStore, Entry};

use crate::failure;

/// Access to a keyring.
pub(crate) struct Platform {
    pub(crate) connect: Box<Connect>,
    /// Modifiers of every entry.
    pub(crate) modifiers: &'static [(&'static str, &'static str)],
    /// The most bytes of one entry.
    pub(crate) most: usize,
}

pub(crate) type Connect = dyn Fn() -> keyring_core::Result<Arc<CredentialStore>> + Send + Sync;

impl Platform {
    pub(crate) fn native() -> Self {
        Self {
            connect: Box::new(system::connect),
            modifiers: system::MODIFIERS,
            most: system::MOST,
        }
    }

    pub(crate) fn entry(
        &self,
        keyring: &CredentialStore,
        service: &str,
        name: &str,
    ) -> keyring_core::Result<Entry> {
        let modifiers: HashMap<_, _> = self.modifiers.iter().copied().collect();
        keyring.build(service, name, Some(&modifiers))
    }
}

/// A connection that is kept until a call fails.
pub(crate) struct Connection {
    platform: Platform,
    /// Taken out while it is used, and dropped after a failure: a keyring that was restarted needs a new connection.
    kept: Mutex<Option<Arc<CredentialStore>>>,
}

impl Connection {
    pub(crate) fn new(platform: Platform) -> Self {
        Self {
            platform,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&CredentialStore, &Platform) -> Result<T>,
    ) -> Result<T> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept().take();
        let keyring = match last {
            Some(keyring) => keyring,
            None => (self.platform.connect)().map_err(failure::absent)?,
        };
        let result = work(&*keyring, &self.platform)?;
        *kept() = Some(keyring);
        Ok(result)
    }
}

/// Returns the same directory for every process of this user, so it depends on the home directory alone.
pub(crate) fn state_directory() -> Option<PathBuf> {
    let home = env::home_dir().filter(|home| home.is_absolute())?;
    Some(home.join(system::STATE).join("auth-store-keyring"))
}

#[cfg(target_os = "macos")]
mod system {
    use super::{Arc, CredentialStore};

    pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(apple_native_keyring_store::keychain::Store::new()?)
    }

    pub(super) const MODIFIERS: &[(&str, &str)] = &[];
    pub(super) const MOST: usize = 32 * 1024;
    pub(super) const STATE: &str = "Library/Application Support";
}

#[cfg(windows)]
mod system {
    use super::{Arc, CredentialStore};

    pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(windows_native_keyring_store::Store::new()?)
    }

    /// Otherwise a domain copies it to other machines, which share no lock.
    pub(super) const MODIFIERS: &[(&str, &str)] = &[("persistence", "Local")];
    /// The limit of Credential Manager.
    pub(super) const MOST: usize = 2560;
    pub(super) const STATE: &str = r"AppData\Local";
}

#[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
mod system {
    use super::{Arc, CredentialStore};

    pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(zbus_secret_service_keyring_store::Store::new()?)
    }

    pub(super) const MODIFIERS: &[(&str, &str)] = &[];
    /// The Secret Service specifies no limit; its implementations have some.
    pub(super) const MOST: usize = 32 * 1024;
    pub(super) const STATE: &str = ".local/state";
}

#[cfg(not(any(
    target_os = "macos",
    windows,
    all(unix, not(any(target_vendor = "apple", target_os = "android")))
)))]
mod system {
    use super::{Arc, CredentialStore};

    pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Err(keyring_core::Error::NoDefaultStore)
    }

    pub(super) const MODIFIERS: &[(&str, &str)] = &[];
    pub(super) const MOST: usize = 32 * 1024;
    pub(super) const STATE: &str = ".local/state";
}
