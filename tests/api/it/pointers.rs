//! A pointer to a transport is a transport; the other traits that programs keep behind pointers behave alike.

use std::sync::Arc;
use std::time::Duration;

use auth_all::clock::{Clock, SystemClock};
use auth_all::ermeo::Ermeo;
use auth_all::error::{Delivery, NetworkFailure};
use auth_all::grant::TokenRequest;
use auth_all::observe::{self, Observer};
use auth_all::store::{EncryptedStore, EncryptionKey, MemoryStore, Store};
use auth_all::testing::{CannedTransport, ManualClock};
use auth_all::transport::{self, HttpTransport, Transport};
use auth_all::{Error, Grant, Secret, Session};

fn ermeo() -> Ermeo {
    Ermeo::new("1_abc", Secret::new("s3cret")).password("jsmith", Secret::new("correct horse"))
}

#[test]
fn pointers_to_transports_are_transports() {
    fn timeout(transport: impl Transport) -> Duration {
        transport.timeout()
    }
    let minute = Duration::from_secs(60);
    let http = HttpTransport::builder().timeout(minute).build().unwrap();
    assert!(Transport::http(&&http).is_some());
    let shared: Arc<dyn Transport> = Arc::new(http.clone());
    assert_eq!(timeout(&shared), minute);
    assert_eq!(timeout(&*shared), minute);
    assert_eq!(timeout(Arc::clone(&shared)), minute);
    assert_eq!(timeout(Arc::new(http.clone())), minute);
    assert_eq!(timeout(Box::new(shared) as Box<dyn Transport>), minute);
    let none =
        transport::from_fn(|_| Err(Error::network(NetworkFailure::Closed, Delivery::NotSent)));
    assert!(
        TokenRequest::form("https://login.example.com")
            .send(&none)
            .is_err()
    );
}

#[test]
fn pointers_to_grants_are_grants() {
    fn request(grant: impl Grant) -> bool {
        grant.login_request().is_ok() && grant.refresh_request(&Secret::new("r")).is_ok()
    }
    let shared: Arc<dyn Grant> = Arc::new(ermeo());
    let grant = ermeo();
    assert!(request(&grant));
    assert!(request(grant));
    assert!(request(&shared));
    assert!(request(&*shared));
    assert!(request(Box::new(Arc::clone(&shared)) as Box<dyn Grant>));
    assert_eq!(
        Session::new(Arc::clone(&shared)).identity(),
        &shared.identity()
    );
    assert!(request(shared));
}

#[test]
fn pointers_to_stores_are_stores() {
    fn is_empty(store: impl Store) -> bool {
        store.load(&ermeo().identity()).unwrap().is_none()
    }
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    assert!(is_empty(&memory));
    assert!(is_empty(&*memory));
    assert!(is_empty(Arc::clone(&memory)));
    let key = EncryptionKey::generate().unwrap();
    assert!(is_empty(EncryptedStore::new(Arc::clone(&memory), key)));
    assert!(is_empty(Box::new(memory) as Box<dyn Store>));
}

#[test]
fn pointers_to_clocks_and_observers_are_both() {
    fn seconds(clock: impl Clock) -> u64 {
        clock.seconds()
    }
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let now = clock.seconds();
    assert_eq!(seconds(&clock), now);
    assert_eq!(seconds(&*clock), now);
    assert_eq!(seconds(Box::new(Arc::clone(&clock)) as Box<dyn Clock>), now);
    assert_eq!(seconds(clock), now);
    assert!(seconds(SystemClock::new()) > now);
    fn observer(_: impl Observer) {}
    let shared: Arc<dyn Observer> = Arc::new(observe::from_fn(|_, _| ()));
    observer(&shared);
    observer(&*shared);
    observer(Box::new(Arc::clone(&shared)) as Box<dyn Observer>);
    observer(shared);
}

#[test]
fn a_session_takes_what_other_sessions_use() {
    let http = Arc::new(CannedTransport::new().json(
        200,
        r#"{"access_token":"a","token_type":"bearer","refresh_token":"r"}"#,
    ));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let grant: Arc<dyn Grant> = Arc::new(ermeo());
    let session = || {
        let builder = Session::builder(Arc::clone(&grant)).store(Arc::clone(&store));
        builder.transport(Arc::clone(&http)).build().unwrap()
    };
    assert_eq!(session().token().unwrap().expose(), "a");
    assert_eq!(session().token().unwrap().expose(), "a");
    assert_eq!(http.requests().len(), 1);
}
