//! The peers, and the numbers that differ between them.

/// A library that keeps tokens, or that programs keep tokens with.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) language: Language,
    /// The package whose version is reported; its requests need a key if it signs JWTs.
    pub(crate) package: &'static str,
    /// Lifetime in seconds of a token that comes due some seconds later with default settings.
    pub(crate) due_soon: u64,
    /// The most clients that are created at once: the machine's memory allows no more of some.
    pub(crate) most_clients: usize,
    /// Its callers at once start without a token, because a task of its own renews ahead of expiry.
    pub(crate) starts_empty: bool,
    /// It can keep tokens where other processes find them.
    pub(crate) shares: bool,
    /// Part of `--quick`.
    pub(crate) quick: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Language {
    Rust,
    Go,
    Python,
}

pub(crate) const OURS: &str = "auth-all";
pub(crate) const FLOOR: &str = "arc-swap";

const RUST: Peer = Peer {
    name: "",
    language: Language::Rust,
    package: "",
    due_soon: 11,
    most_clients: 100_000,
    starts_empty: false,
    shares: false,
    quick: false,
};

const PYTHON: Peer = Peer {
    language: Language::Python,
    most_clients: 1_000,
    ..RUST
};

/// All peers, ours first. The floor has no token to renew.
pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: OURS,
        package: "oauth2-generic",
        due_soon: 4,
        shares: true,
        quick: true,
        ..RUST
    },
    Peer {
        name: FLOOR,
        package: "arc-swap",
        quick: true,
        ..RUST
    },
    Peer {
        name: "oauth2",
        package: "oauth2",
        quick: true,
        ..RUST
    },
    Peer {
        name: "openidconnect",
        package: "openidconnect",
        ..RUST
    },
    Peer {
        name: "yup-oauth2",
        package: "yup-oauth2",
        due_soon: 61,
        most_clients: 1_000,
        shares: true,
        ..RUST
    },
    Peer {
        name: "google-cloud-auth",
        package: "google-cloud-auth",
        due_soon: 242,
        most_clients: 1_000,
        starts_empty: true,
        ..RUST
    },
    Peer {
        name: "azure_identity",
        package: "azure_identity",
        due_soon: 301,
        ..RUST
    },
    Peer {
        name: "aws-smithy-runtime",
        package: "aws-smithy-runtime",
        most_clients: 1_000,
        ..RUST
    },
    Peer {
        name: "gcp_auth",
        package: "gcp_auth",
        due_soon: 21,
        most_clients: 1_000,
        ..RUST
    },
    Peer {
        name: "tame-oauth",
        package: "tame-oauth",
        due_soon: 2,
        ..RUST
    },
    Peer {
        name: "huskarl",
        package: "huskarl",
        due_soon: 4,
        ..RUST
    },
    Peer {
        name: "golang",
        package: "golang-golang-x-oauth2-dev",
        language: Language::Go,
        quick: true,
        ..RUST
    },
    Peer {
        name: "google-auth",
        package: "google-auth",
        due_soon: 226,
        ..PYTHON
    },
    Peer {
        name: "msal",
        package: "msal",
        due_soon: 301,
        shares: true,
        ..PYTHON
    },
    Peer {
        name: "authlib",
        package: "Authlib",
        due_soon: 61,
        ..PYTHON
    },
];
