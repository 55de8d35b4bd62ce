//! Secrets are wiped from memory before it is freed: an allocator searches every freed block for them.
//!
//! The tests cover blocks that our crates free on the calling thread. Two kinds of buffers that hold a
//! secret for a moment are not ours: ureq's, which the last test recognises by their size, and
//! `serde_json`'s, for a string with an escape in it.

#![expect(
    unsafe_code,
    reason = "only an allocator can search a freed block, and an allocator is unsafe"
)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot continue panics, also in the code that tests share"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::mem;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::thread;

use auth_core::grant::{Identity, TokenRequest, TokenResponse};
use auth_core::http::{Request, Response};
use auth_core::store::{
    EncryptedStore, EncryptionKey, FileStore, MemoryStore, Record, Store, SwapOutcome,
};
use auth_core::transport::{self, HttpTransport, Transport};
use auth_core::{Result, Secret, Session};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, DpopKey, Server, SigningKey};

#[global_allocator]
static ALLOCATOR: Looking = Looking;

/// The system's allocator, with a search for the canary in each freed block.
struct Looking;

// SAFETY: every call is passed to the system's allocator with unchanged arguments.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that every byte of a block is initialised and may be read in `dealloc`.
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // The thread-local variable of an exiting thread may have been destroyed.
        if WATCHING.try_with(Cell::get).unwrap_or(false) {
            // SAFETY: the block is the caller's, of this size, and every byte of it is initialised.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            if contains_canary(bytes) {
                note(layout.size());
            }
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    // The trait's own `realloc` allocates a block, copies, and frees the old block through `dealloc`.
}

fn contains_canary(bytes: &[u8]) -> bool {
    let holds = |canary: &str| {
        let mut windows = bytes.windows(canary.len());
        windows.any(|window| window == canary.as_bytes())
    };
    holds(CANARY) || holds(IN_BASE64)
}

/// Must not allocate: it runs inside the allocator.
fn note(size: usize) {
    if let Ok(mut sightings) = SIGHTINGS.try_lock() {
        let (count, sizes) = &mut *sightings;
        if let Some(place) = sizes.get_mut(*count) {
            *place = size;
        }
        *count += 1;
    }
}

/// Runs `during` on a thread of its own, and returns the sizes of the blocks that it freed with the canary in
/// them.
fn sightings(during: impl FnOnce() + Send + 'static) -> Vec<usize> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    *SIGHTINGS.lock().unwrap() = (0, [0; MOST]);
    let watched = thread::spawn(move || {
        WATCHING.set(true);
        during();
    });
    watched.join().expect("the watched thread succeeds");
    let (count, sizes) = *SIGHTINGS.lock().unwrap();
    sizes[..count.min(MOST)].to_vec()
}

#[track_caller]
fn assert_wiped(during: impl FnOnce() + Send + 'static) {
    let unwiped = sightings(during);
    assert!(
        unwiped.is_empty(),
        "blocks of these sizes were not wiped: {unwiped:?}"
    );
}

/// A transport that returns this body. It keeps the request's body, because wiping that is the transport's task.
fn answering(body: String) -> impl Transport {
    let body = Mutex::new(Some(body.into_bytes()));
    transport::from_fn(move |request: Request<Vec<u8>>| {
        let (parts, sent) = request.into_parts();
        mem::forget(sent);
        drop(parts);
        Ok(Response::new(
            body.lock().unwrap().take().expect("one request"),
        ))
    })
}

fn token(more: &str) -> String {
    format!(
        r#"{{"access_token":"{CANARY}access","token_type":"bearer","refresh_token":"{CANARY}refresh"{more}}}"#
    )
}

#[test]
fn the_allocator_sees_what_is_not_wiped() {
    for canary in [CANARY, IN_BASE64] {
        assert_eq!(sightings(|| drop(canary.to_owned())), [canary.len()]);
    }
    // Also bytes after the end of a buffer's text, and the old block of a buffer that grew.
    let grown = sightings(|| {
        let mut text = String::with_capacity(100);
        text.push_str(CANARY);
        text.clear();
        text.shrink_to(0);
        let mut text = CANARY.to_owned();
        text.reserve(1000);
    });
    assert_eq!(grown.len(), 3, "{grown:?}");
}

#[test]
fn a_secret_and_its_clones_are_wiped() {
    let owned = CANARY.to_owned();
    assert_wiped(move || {
        let secret = Secret::new(CANARY);
        let clone = secret.clone();
        let taken_over = Secret::from(owned);
        let _copied = taken_over.clone();
        drop((secret, taken_over));
        assert_eq!(clone.expose(), CANARY);
    });
}

#[test]
fn an_answer_and_what_was_read_from_it_are_wiped() {
    for more in [
        r#","id_token":"canary7Qz-zeroize-id","scope":"read""#,
        r#","expires_in":"canary7Qz-zeroize""#,
        r#","error":"invalid_grant","error_description":"no""#,
        r#","other":["canary7Qz-zeroize",{"x":"canary7Qz-zeroize"}]"#,
    ] {
        let transport = answering(token(more));
        assert_wiped(move || {
            let request =
                TokenRequest::form("https://as.example/token").param("grant_type", "password");
            let answer: Result<TokenResponse> = request.send(&transport);
            let clone = answer.clone();
            drop((answer, clone));
        });
    }
}

#[test]
fn an_encrypted_record_and_its_key_are_wiped() {
    assert_wiped(|| {
        let memory = MemoryStore::new();
        let text = BASE64_STANDARD.encode(b"canary7Qz-zeroize-and-15-more-by");
        let key = EncryptionKey::from_base64(Secret::new(text)).expect("a key");
        let key = EncryptionKey::from_base64(key.to_base64()).expect("a key");
        let store = EncryptedStore::new(memory.clone(), key.clone());
        let who = Identity::new("ermeo");
        let [old, new] =
            ["old", "new"].map(|text| Record::from_bytes([CANARY, text].concat().into_bytes()));
        assert_eq!(
            store.swap(&who, None, &old).expect("a store"),
            SwapOutcome::Stored
        );
        assert_eq!(
            store.swap(&who, Some(&old), &new).expect("a store"),
            SwapOutcome::Stored
        );
        assert_eq!(
            store.swap(&who, None, &old).expect("a store"),
            SwapOutcome::Conflict
        );
        assert!(store.load(&who).expect("a store") == Some(new));

        // Also if it cannot be decrypted.
        let encrypted = memory.load(&who).expect("a store").expect("a record");
        let other = Identity::new("aerion");
        assert_eq!(
            memory.swap(&other, None, &encrypted).expect("a store"),
            SwapOutcome::Stored
        );
        store.load(&other).expect_err("another login's");
    });
}

#[test]
fn a_private_key_is_wiped_after_any_use() {
    assert!(KEY.contains(IN_BASE64));
    for answer in [token(""), token("").replace("bearer", "DPoP")] {
        let is_bound = answer.contains("DPoP");
        let transport = answering(answer);
        assert_wiped(move || {
            let key = DpopKey::from_pem(Secret::new(KEY)).expect("a key");
            let key = DpopKey::from_pem(key.to_pem()).expect("the same");
            let signing = SigningKey::from_pem(Secret::new(KEY)).expect("a key");
            let auth = ClientAuth::private_key_jwt(signing.key_id("id"));
            let client = Client::new(Server::new("https://as.example/token"), "app").auth(auth);
            let client = if is_bound { client.dpop(key) } else { client };
            let session = Session::builder(ClientCredentials::new(client));
            let session = session.transport(transport).build().unwrap();
            session.token().expect("a token");
        });
    }
}

#[test]
fn a_request_of_every_shape_is_wiped() {
    let shapes: [fn(&'static str) -> TokenRequest; 3] =
        [TokenRequest::form, TokenRequest::json, TokenRequest::query];
    for shape in shapes {
        let transport = answering(token(""));
        assert_wiped(move || {
            let request = shape("https://as.example/token").param("password", CANARY);
            let request = request.secret("refresh_token", Secret::new(CANARY));
            drop(request.send(&transport));
        });
        assert_wiped(move || drop(shape("https://as.example/token").param("password", CANARY)));
    }
}

#[test]
fn tokens_and_cloned_header_values_are_wiped() {
    let transport = answering(token(r#","expires_in":3600"#));
    assert_wiped(move || {
        let session = Session::builder(ermeo("https://api.ermeo.com"))
            .transport(transport)
            .build()
            .unwrap();
        let token = session.token().expect("a token");
        let header = session.authorization().expect("a token");
        let lent = session.with_authorization(Clone::clone).expect("a token");
        let refresh_token = session.refresh_token().expect("one");
        let clone = (token.clone(), header.clone(), session.clone());
        drop(session);
        drop((token, refresh_token, lent));
        assert!(clone.1.as_bytes().ends_with(b"access"), "still there");
    });
}

#[test]
fn a_token_without_a_scheme_is_wiped_too() {
    let transport = answering(token(""));
    assert_wiped(move || {
        let server = Server::new("https://login.example.com/token");
        let client = Client::new(server, "batch").token_header("X-Access-Token");
        let session = Session::builder(ClientCredentials::new(client))
            .transport(transport)
            .build()
            .unwrap();
        let value = session.authorization().expect("a token");
        assert!(value.as_bytes().starts_with(CANARY.as_bytes()));
        drop(session);
        assert!(value.is_sensitive());
    });
}

#[test]
fn a_forgotten_token_is_wiped() {
    let transport = answering(token(r#","expires_in":3600"#));
    assert_wiped(move || {
        let session = Session::builder(ermeo("https://api.ermeo.com"))
            .transport(transport)
            .build()
            .unwrap();
        session.token().expect("a token");
        session.forget().expect("an idle session");
        assert!(session.refresh_token().is_none());
    });
}

#[test]
fn a_login_in_files_is_wiped_from_every_sessions_memory() {
    // Long enough for every buffer to grow.
    let more = format!(
        r#","expires_in":3600,"id_token":"{}""#,
        [CANARY; 200].join(".")
    );
    let transport = answering(token(&more));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("logins");
    assert_wiped(move || {
        let store = || FileStore::open(&path).expect("a store");
        let first = Session::builder(ermeo("https://api.ermeo.com"))
            .transport(transport)
            .store(store())
            .build()
            .unwrap();
        let token = first.token().expect("a token");
        let second = Session::builder(ermeo("https://api.ermeo.com"))
            .transport(transport::from_fn(|_| panic!("it is stored")))
            .store(Box::new(store()) as Box<dyn Store>)
            .build()
            .unwrap();
        assert_eq!(second.token().expect("a token").expose(), token.expose());
        assert!(!format!("{:#}", second.status()).contains(CANARY));
        second.forget().expect("an idle session");
        drop((first, second, token));
    });
}

/// Sends a secret over a real connection and receives `answer`; returns the sizes of the freed blocks with the
/// canary.
fn over_a_connection(answer: &'static str) -> Vec<usize> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut request = Vec::new();
        let mut buffer = [0; 8192];
        while !request.ends_with(CANARY.as_bytes()) {
            let read = stream.read(&mut buffer).expect("a request");
            request.extend_from_slice(&buffer[..read]);
        }
        let _ = stream.write_all(answer.as_bytes());
    });
    let sizes = sightings(move || {
        let request = TokenRequest::form(format!("{url}/token"));
        // Larger than any buffer of ureq, so that the size of a block shows its owner.
        let request = request
            .param("padding", "x".repeat(20_000))
            .param("password", CANARY);
        drop(request.send(&HttpTransport::new()));
    });
    serving.join().expect("it served");
    sizes
}

#[test]
fn only_ureqs_buffers_hold_a_secret_after_a_request() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 94\r\n\r\n{\"access_token\":\"canary7Qz-zeroize\",\"token_type\":\"bearer\",\"refresh_token\":\"canary7Qz-zeroize\"}",
        "HTTP/1.1 200 OK\r\n\r\n{\"access_token\":\"canary7Qz-zeroize\",\"token_type\":\"bearer\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"access_token\":\"canary7Qz-zeroize\"",
        "HTTP/1.1 500 Oops\r\nContent-Length: 17\r\n\r\ncanary7Qz-zeroize",
    ] {
        let mut sizes = over_a_connection(answer);
        sizes.sort_unstable();
        assert_eq!(sizes, [UREQ_OUTPUT, UREQ_INPUT], "{answer}");
    }
}

fn ermeo(base: &str) -> Ermeo {
    Ermeo::new("7_4hzk", Secret::new(CANARY))
        .password("camille", Secret::new(CANARY))
        .base(base)
}

const CANARY: &str = "canary7Qz-zeroize";
/// The canary in base64, as it appears in a text where it begins a group.
const IN_BASE64: &str = "Y2FuYXJ5N1F6LXpl";
/// A key on P-256 whose private half begins with the canary.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgY2FuYXJ5N1F6LXpl
cm9pemUtYW5kLTE1LW1vcmUtYnmhRANCAAQHvl++07MfC9uk+a2KYiNNO14lqn6b
MogNGR8eYtw7co09j8Mv3V109zj0EvZ2Da5M6ewO0PApSelJuBFYfjgC
-----END PRIVATE KEY-----
";
const MOST: usize = 16;
/// Sizes of ureq's buffers, as set by `HttpTransport`.
const UREQ_OUTPUT: usize = 8 * 1024;
const UREQ_INPUT: usize = 16 * 1024;

/// Number of freed blocks with the canary, and the sizes of the first of them.
static SIGHTINGS: Mutex<(usize, [usize; MOST])> = Mutex::new((0, [0; MOST]));

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
}
