//! Every target on its corpus and on a fixed number of changed inputs; the same ones in every run.

use auth_fuzz::{Budget, TARGETS, find, run};

#[track_caller]
fn holds(name: &str) {
    let target = find(name).expect("a target");
    if let Err(fault) = run(target, 1, Budget::Inputs(target.inputs)) {
        panic!("{fault}");
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                holds(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_tested() {
            let tested = [$(stringify!($name)),*];
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(tested.as_slice(), names);
        }
    };
}

targets! {
    device_login
    dpop
    encrypted_record
    encryption_key
    headers
    implicit
    introspection
    loopback
    metadata
    pem
    postgres
    pushed
    record
    record_file
    redirect
    redis
    refusal
    saved_login
    token_response
    urls
}
