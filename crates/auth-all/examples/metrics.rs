//! A counter for each kind of event, the time of the last refresh, and an alarm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth_all::ermeo::Ermeo;
use auth_all::observe::{self, Event};
use auth_all::{Result, Session, secret};

/// Figures of a session; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Arc<Mutex<Figures>>);

#[derive(Debug, Default)]
struct Figures {
    events: BTreeMap<&'static str, u64>,
    last_refresh: Option<Duration>,
}

impl Metrics {
    fn count(&self, event: &Event<'_>) {
        let mut figures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *figures.events.entry(event.name()).or_default() += 1;
        if let Event::Refreshed { took, .. } = event {
            figures.last_refresh = Some(*took);
        }
    }

    /// Returns how often the session reported events of this name.
    pub(crate) fn events(&self, name: &str) -> u64 {
        let figures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        figures.events.get(name).copied().unwrap_or_default()
    }
}

fn main() -> Result<()> {
    let password = secret::env("ERMEO_PASSWORD");
    let ermeo =
        Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET")).password("jsmith", password);
    let metrics = Metrics::default();
    watched(ermeo, &metrics)?.token()?;
    println!("{} logins, {metrics:?}", metrics.events("logged_in"));
    Ok(())
}

/// Makes a session that reports to these metrics.
pub(crate) fn watched(ermeo: Ermeo, metrics: &Metrics) -> Result<Session> {
    let metrics = metrics.clone();
    let observer = observe::from_fn(move |identity, event| {
        metrics.count(event);
        if let Event::LoginRequired { error, .. } = event {
            eprintln!("{identity}: {error}");
        }
    });
    Session::builder(ermeo).observer(observer).build()
}
