//! Every target on its corpus and on a fixed number of changed inputs; the same ones in every run.

use auth_fuzz::{Budget, TARGETS, find, judge, run};

#[track_caller]
fn holds(name: &str) {
    let target = find(name).unwrap_or_else(|| panic!("{name} is not in the list"));
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

/// Work that is quadratic in the number of members or in the length of a text shows here. Before, a refusal with 18,000
/// tokens beside a long description took a minute.
#[test]
fn a_response_of_the_largest_size_is_read_soon() {
    let listed = |member: &dyn Fn(u32) -> String, count| {
        let members: Vec<_> = (0..count).map(member).collect();
        members.join(",")
    };
    let tokens = listed(&|at| format!("\"a{at:05}\""), 18_000);
    let words = "x".repeat(80_000);
    let members = listed(&|at| format!("\"token{at}\":\"b{at:05}\""), 11_000);
    let objects = listed(&|at| format!("{{\"token\":{at}}}"), 15_000);
    for (name, input) in [
        (
            "refusal",
            format!(
                r#"{{"error":"invalid_grant","tokens":[{tokens}],"error_description":"{words}"}}"#
            ),
        ),
        ("introspection", format!("{{{members}}}")),
        ("metadata", format!("[{objects}]")),
        ("device_login", "[".repeat(200_000)),
    ] {
        let target = find(name).unwrap_or_else(|| panic!("{name} is not in the list"));
        assert_eq!(judge(target, input.as_bytes()), Ok(()), "{name}");
    }
}
