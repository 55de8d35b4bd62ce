//! The directory after a logout: no copy of the login, and nothing that restores it.

use std::fs;

use auth_core::Session;
use auth_core::grant::Identity;
use auth_core::store::Store;
use auth_core::testing::ManualClock;

use super::Place;
use crate::script::{Script, seconds, served};

fn session(script: &Script, place: &Place, clock: &ManualClock) -> Session {
    let builder = script.builder(clock).retries(0);
    builder.store(place.open()).build().unwrap()
}

/// The content of all files of the directory.
fn bytes(place: &Place) -> Vec<u8> {
    let files = place.files().into_iter();
    let read = |name| fs::read(place.directory.join(name)).unwrap();
    files.flat_map(read).collect()
}

fn holds(place: &Place, text: &str) -> bool {
    bytes(place)
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// A login that was renewed, so that there is one before the newest.
fn logged_in() -> (Place, ManualClock, Script, Session) {
    let (place, clock) = (Place::new(), ManualClock::new());
    let script = Script::new().token("canary-1", "canary-r1");
    let script = script.token("canary-2", "canary-r2");
    let session = session(&script, &place, &clock);
    served(&session);
    clock.advance(seconds(3600));
    assert_eq!(served(&session), "canary-2");
    assert!(holds(&place, "canary-r2"));
    (place, clock, script, session)
}

#[test]
fn a_logout_leaves_no_copy_of_the_login() {
    let (place, _, script, session) = logged_in();
    session.log_out().unwrap();
    assert_eq!(script.asked().last().unwrap(), "revoke canary-r2");
    assert!(!holds(&place, "canary"), "{:?}", place.files());
}

#[test]
fn a_damaged_tombstone_does_not_restore_the_login() {
    let (place, clock, script, session) = logged_in();
    session.forget().unwrap();
    drop(session);
    let tombstone = place.files_with("record").remove(0);
    fs::write(place.directory.join(tombstone), b"damaged").unwrap();
    let restored = place.open().load(&Identity::new("script"));
    assert!(restored.unwrap().unwrap().is_restored());
    let session = self::session(&script, &place, &clock);
    assert!(session.refresh_token().is_none());
    assert!(format!("{:#}", session.status()).contains("store: logged out"));
    assert!(!holds(&place, "canary"), "{:?}", place.files());
}
