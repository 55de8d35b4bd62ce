//! Every public type of every crate: which can be sent, shared, cloned and shown.

use std::error::Error as StdError;
use std::fmt::{Debug, Display};

use auth_all::clock::{Clock, Moment, SystemClock, UnixTime};
use auth_all::error::{
    Delivery, ErrorCode, LoginReason, NetworkFailure, Refusal, Remedy, RequestKind, StoreFailure,
    UnusableResponse,
};
use auth_all::generic::{
    AuthorizationCode, BrowserLogin, Client, ClientAuth, ClientCredentials, DeviceLogin,
    DevicePrompt, Discovery, DpopKey, Encoding, ExtensionGrant, Implicit, Introspection, JwtBearer,
    Metadata, Password, PendingImplicit, PendingLogin, Preset, PresetValue, ProtectedResource, Qr,
    RefreshToken, SecurityToken, Server, ServiceAccount, SigningKey, TokenExchange,
};
use auth_all::grant::{
    ExpiryFormat, Identity, JsonResponse, Lifetime, Policy, ProofRequest, ProofResponse, Prover,
    Replay, ResponseFormat, RevokedToken, TokenRequest, TokenResponse, TokenType,
};
use auth_all::observe::{self, Event, Observer};
use auth_all::secret::SecretSource;
use auth_all::store::{
    AttemptId, EncryptedStore, EncryptionKey, FileStore, LivenessGuard, MemoryStore, Record, Store,
    StoredLogin, SwapOutcome, WaitOutcome,
};
use auth_all::testing::{CannedTransport, ManualClock};
use auth_all::transport::{
    self, ClientCertificate, HttpTransport, HttpTransportBuilder, Origin, Tls, Transport,
};
use auth_all::{
    BackgroundRefresh, Error, Grant, LoginOutcome, RenewalCheck, Secret, Session, SessionBuilder,
    SessionCounts, SessionStatus, Sessions, Token,
};
use auth_all::{aerion, aeris, ermeo, keyring, postgres, redis};
use auth_sim::store_conformance::{Property, Violation};
use auth_sim::vendor_contract::VendorContract;
use auth_sim::{
    Bodies, Dialect, Fault, Gate, Login, Pair, Realm, Received, Rejection, Response, Simulator,
    SimulatorBuilder, Vendor, VendorServer,
};

/// A value that threads share and programs copy.
fn value<T: Clone + Debug + Send + Sync + 'static>() {}

/// A value without identity: it is compared, too.
fn plain<T: Clone + Debug + PartialEq + Send + Sync + 'static>() {}

/// A value that can be moved to another thread.
fn moved<T: Debug + Send>() {}

/// A program with one vendor depends on one crate.
#[test]
#[expect(
    unused_qualifications,
    reason = "the paths through a vendor's crate are the subject"
)]
fn a_vendors_crate_has_all_of_the_core() {
    moved::<aerion_auth::SessionBuilder>();
    value::<aeris_auth::store::FileStore>();
    plain::<ermeo_auth::error::Remedy>();
    value::<auth_all::generic::testing::ManualClock>();
    let name = |event: ermeo_auth::observe::Event<'_>| event.name();
    assert_eq!(name(Event::Rejected), "rejected");
}

#[test]
fn sessions_and_tokens_are_shared() {
    value::<Session>();
    value::<Token>();
    value::<SessionStatus>();
    plain::<LoginOutcome>();
    moved::<SessionBuilder>();
    moved::<Sessions<String>>();
    plain::<SessionCounts>();
    moved::<BackgroundRefresh>();
    value::<RenewalCheck>();
    fn shown<T: Display>() {}
    shown::<SessionStatus>();
    shown::<Identity>();
}

#[test]
fn secrets_are_compared_and_never_displayed() {
    plain::<Secret>();
    value::<SecretSource>();
    assert_eq!(format!("{:?}", Secret::new("abc")), "Secret(…)");
}

#[test]
fn an_error_is_small_and_goes_to_every_caller() {
    fn error<T: StdError + Clone + Send + Sync + 'static>() {}
    error::<Error>();
    assert!(size_of::<Error>() <= 64, "{} bytes", size_of::<Error>());
    value::<Refusal>();
    value::<UnusableResponse>();
    plain::<ErrorCode>();
    plain::<Delivery>();
    plain::<LoginReason>();
    plain::<NetworkFailure>();
    plain::<Remedy>();
    plain::<RequestKind>();
    plain::<StoreFailure>();
}

#[test]
fn what_grants_are_made_of_is_shared() {
    plain::<Identity>();
    value::<Policy>();
    moved::<TokenRequest>();
    value::<TokenResponse>();
    value::<ResponseFormat>();
    moved::<JsonResponse>();
    plain::<ExpiryFormat>();
    plain::<Lifetime>();
    plain::<Replay>();
    plain::<TokenType>();
    moved::<RevokedToken<'_>>();
    moved::<ProofRequest<'_>>();
    moved::<ProofResponse<'_>>();
    moved::<Event<'_>>();
}

#[test]
fn stores_transports_and_clocks_are_shared() {
    value::<FileStore>();
    plain::<StoredLogin>();
    value::<MemoryStore>();
    value::<EncryptedStore<FileStore>>();
    value::<EncryptionKey>();
    plain::<Record>();
    plain::<AttemptId>();
    plain::<SwapOutcome>();
    plain::<WaitOutcome>();
    moved::<LivenessGuard>();
    value::<HttpTransport>();
    moved::<HttpTransportBuilder>();
    value::<Tls>();
    value::<ClientCertificate>();
    plain::<Origin>();
    plain::<Moment>();
    plain::<UnixTime>();
    value::<SystemClock>();
    value::<ManualClock>();
    value::<CannedTransport>();
    value::<transport::FromFn<fn()>>();
    value::<observe::FromFn<fn()>>();
}

#[test]
fn vendors_and_stores_of_other_crates_are_shared() {
    value::<aerion::Aerion>();
    plain::<aerion::TenantHeader>();
    value::<aeris::Aeris>();
    value::<ermeo::Ermeo>();
    value::<keyring::KeyringStore>();
    value::<postgres::PostgresStore>();
    moved::<postgres::PostgresStoreBuilder>();
    value::<redis::RedisStore>();
    moved::<redis::RedisStoreBuilder>();
}

#[test]
fn servers_clients_and_grants_are_shared() {
    value::<Server>();
    value::<Metadata>();
    value::<Discovery>();
    plain::<Encoding>();
    value::<Client>();
    value::<ClientAuth>();
    value::<SigningKey>();
    value::<DpopKey>();
    value::<ClientCredentials>();
    value::<Password>();
    value::<Preset>();
    value::<PresetValue>();
    value::<ProtectedResource>();
    value::<ServiceAccount>();
    value::<RefreshToken>();
    value::<TokenExchange>();
    value::<SecurityToken>();
    value::<JwtBearer>();
    value::<ExtensionGrant>();
    value::<Introspection>();
}

#[test]
fn logins_are_shared_and_pending_ones_are_used_once() {
    value::<BrowserLogin>();
    value::<DeviceLogin>();
    value::<AuthorizationCode>();
    value::<Implicit>();
    moved::<PendingLogin>();
    moved::<PendingImplicit>();
    value::<DevicePrompt>();
    moved::<Qr>();
}

#[test]
fn simulators_are_driven_from_any_thread() {
    fn any_thread<T: Debug + Send + Sync>() {}
    any_thread::<Simulator>();
    any_thread::<Gate>();
    any_thread::<Property>();
    any_thread::<Violation>();
    moved::<SimulatorBuilder>();
    moved::<Realm>();
    value::<VendorContract>();
    value::<Login>();
    value::<Pair>();
    plain::<Rejection>();
    value::<Bodies>();
    value::<Dialect>();
    value::<Fault>();
    value::<Received>();
    value::<Response>();
    value::<Vendor>();
}

#[test]
fn every_trait_can_be_an_object() {
    fn object<T: ?Sized + Send + Sync>() {}
    object::<dyn Clock>();
    object::<dyn Grant>();
    object::<dyn Observer>();
    object::<dyn Prover>();
    object::<dyn Store>();
    object::<dyn Transport>();
    object::<dyn VendorServer>();
}

#[test]
fn the_facade_has_the_types_of_the_crates() {
    let grant = paths::ermeo(ermeo::Ermeo::new("1_abc", Secret::new("s3cret")));
    let _: Session = paths::session(Session::new(grant));
}

/// The same types by other paths.
mod paths {
    pub(super) fn ermeo(grant: ermeo_auth::Ermeo) -> auth_all::ermeo::Ermeo {
        grant
    }

    pub(super) fn session(session: aeris_auth::Session) -> aerion_auth::Session {
        let session: auth_core::Session = session;
        session
    }
}

/// Compares the types of the API snapshots with this file, so that no new type is forgotten.
#[test]
fn no_public_type_is_left_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api");
    let here = include_str!("types.rs");
    let words: Vec<&str> = here
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let mut missing = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            let line = line.strip_prefix("#[non_exhaustive] ").unwrap_or(line);
            let kinds = ["pub struct ", "pub enum ", "pub trait "];
            let Some(rest) = kinds.iter().find_map(|kind| line.strip_prefix(kind)) else {
                continue;
            };
            let end = rest.find(['<', '(', ' ']).unwrap_or(rest.len());
            let name = rest[..end].trim_end_matches(':');
            if !words.contains(&name.rsplit("::").next().unwrap_or(name)) {
                missing.push(format!("{}: {name}", path.file_stem().unwrap().display()));
            }
        }
    }
    assert_eq!(missing, [""; 0]);
}
