//! The program among those of others: programs that ask it for a token, at a server that wants one in their way, and
//! databases that keep its logins.
//!
//! `cargo xtask setup` installs them. A test whose program is missing fails; one whose program no registry has is
//! skipped, with a line that says so.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic fails the test and names the line"
)]

#[expect(dead_code, reason = "the other tests need all of it")]
#[path = "../it/api.rs"]
mod api; // a server whose exact requests are kept
mod cargo; // cargo, and the git inside it
mod git; // an older and a newer git
mod go; // go
mod installed; // where the programs are
mod javascript; // pnpm, in two versions
mod kubectl; // kubectl
mod proxied; // HTTP clients through the proxy: their exact requests
mod python; // pip, in two versions, and uv
mod real_stores; // Redis and PostgreSQL
mod registries; // docker and skopeo
mod scripts; // curl, Node and Python, with `auth-all token`
mod stage; // a home, a server and a login
#[expect(dead_code, reason = "the other tests need all of it")]
#[path = "../it/support.rs"]
mod support; // the program with a home of its own
mod terraform; // terraform
mod through; // git, kubectl, pip, go and npm through the proxy; clients of `serve`
mod web_page; // Chromium
