//! A program that uses a session, under memcheck.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::process::Command;

/// A login, a held token, signed requests, renewals in a file, a handshake: no error, and no block is lost.
///
/// `rustix` read the vDSO itself before its feature `use-libc`, and crashed here.
#[test]
fn a_program_that_uses_us_is_clean() {
    let checked = Command::new("valgrind")
        .args(["--quiet", "--leak-check=full", "--show-leak-kinds=definite"])
        .args([
            "--errors-for-leak-kinds=definite",
            "--error-exitcode=99",
            env!("CARGO_BIN_EXE_auth-costs"),
            "all",
            "3",
        ])
        .output()
        .expect("`valgrind` does not start; `cargo xtask setup` installs it");
    let printed = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{}: {printed}", checked.status);
}
