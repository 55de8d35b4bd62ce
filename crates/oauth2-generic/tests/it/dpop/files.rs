//! A key that is kept in a file.

use std::fs;
use std::sync::Barrier;
use std::thread;

use auth_core::Error;
use oauth2_generic::DpopKey;

#[test]
fn a_key_is_made_once_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys").join("dpop.pem");
    let first = DpopKey::open(&file).unwrap();
    let second = DpopKey::open(&file).unwrap();
    assert_eq!(first.thumbprint(), second.thumbprint());
    let kept = fs::read_to_string(&file).unwrap();
    assert_eq!(kept, first.to_pem().expose());
    let left = fs::read_dir(file.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "no draft is left");
}

#[test]
fn threads_that_start_together_get_one_key() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dpop.pem");
    let together = Barrier::new(8);
    let open = || {
        together.wait();
        DpopKey::open(&file).unwrap().thumbprint()
    };
    let mut keys = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        let keys = threads.into_iter().map(|thread| thread.join().unwrap());
        keys.collect::<Vec<_>>()
    });
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_file_that_is_not_a_key_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dpop.pem");
    fs::write(&file, "c4nary").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let error = DpopKey::open(&file).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }));
    assert!(!error.to_string().contains("c4nary"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "c4nary");
    DpopKey::open(directory.path()).unwrap_err();
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dpop.pem");
    drop(DpopKey::open(&file).unwrap());
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    for mode in [0o640, 0o604, 0o666] {
        fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let error = DpopKey::open(&file).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
