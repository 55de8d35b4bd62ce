//! `FileStore` passes the suite for every store; its other tests are in `auth-core`.

use auth_core::store::FileStore;
use auth_sim::store_conformance::check;

#[test]
fn files_keep_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let open = || FileStore::open(folder.path().join("logins")).unwrap();
    check(open);
    let store = open();
    check(|| store.clone());
}
