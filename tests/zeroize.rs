//! Secrets are wiped from memory before it is freed: an allocator looks into every block that is.
//!
//! What is looked at is what our crates free on the thread that uses them. Two kinds of buffers that
//! hold a secret for a moment are not ours: ureq's, which the last tests name by their size, and
//! `serde_json`'s, for a text with an escape in it.

#![expect(
    unsafe_code,
    reason = "looking into a block that is freed takes an allocator, and an allocator is unsafe"
)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking, also in what tests share"
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

/// The system's allocator, which looks for the canary in each block that is given back.
struct Looking;

// SAFETY: every call goes on to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that every byte of a block may be read when it comes back.
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // A thread that is ending may have no thread-local variable any more.
        if WATCHING.try_with(Cell::get).unwrap_or(false) {
            // SAFETY: the block is the caller's, of this size, and every byte of it was written.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            if contains_canary(bytes) {
                note(layout.size());
            }
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    // `realloc` is the trait's: a new block, a copy, and the old block given back through `dealloc`.
}

fn contains_canary(bytes: &[u8]) -> bool {
    let holds = |canary: &str| {
        let mut windows = bytes.windows(canary.len());
        windows.any(|window| window == canary.as_bytes())
    };
    holds(CANARY) || holds(IN_BASE64)
}

/// Nothing here may allocate: it runs inside the allocator.
fn note(size: usize) {
    if let Ok(mut sightings) = SIGHTINGS.try_lock() {
        let (count, sizes) = &mut *sightings;
        if let Some(place) = sizes.get_mut(*count) {
            *place = size;
        }
        *count += 1;
    }
}

/// The sizes of the blocks that were given back with the canary in them, by a thread that does this
/// and ends.
fn sightings(during: impl FnOnce() + Send + 'static) -> Vec<usize> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    *SIGHTINGS.lock().unwrap() = (0, [0; MOST]);
    let watched = thread::spawn(move || {
        WATCHING.set(true);
        during();
    });
    watched.join().expect("it did what it should");
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

/// A transport that answers this; it keeps the request's body, which is the transport's to wipe.
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
    // Also what a longer buffer had behind its end, and what it left behind when it grew.
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

        // Also where it cannot be decrypted.
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
fn a_private_key_is_wiped_however_it_came_and_whatever_it_signs() {
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
fn a_token_and_the_clones_of_its_header_value_are_wiped_with_the_session() {
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
fn a_token_without_a_word_before_it_is_wiped_too() {
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
fn a_token_is_wiped_when_a_session_forgets_it_and_when_the_next_one_comes() {
    let transport = answering(token(r#","expires_in":3600"#));
    assert_wiped(move || {
        let session = Session::builder(ermeo("https://api.ermeo.com"))
            .transport(transport)
            .build()
            .unwrap();
        session.token().expect("a token");
        session.forget().expect("nothing is in the way");
        assert!(session.refresh_token().is_none());
    });
}

#[test]
fn a_login_that_is_kept_in_files_is_wiped_from_the_memory_of_all_who_share_it() {
    // Long enough for every buffer on the way to grow.
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
        second.forget().expect("nothing is in the way");
        drop((first, second, token));
    });
}

/// What a client frees that sends a secret over a real connection and gets this in return.
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
        // Larger than any buffer of ureq's, so that its size tells whose a block is.
        let request = request
            .param("padding", "x".repeat(20_000))
            .param("password", CANARY);
        drop(request.send(&HttpTransport::new()));
    });
    serving.join().expect("it served");
    sizes
}

#[test]
fn after_a_request_over_a_connection_only_the_buffers_of_ureq_hold_a_secret() {
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
/// The canary within a text in base64, where it begins a group.
const IN_BASE64: &str = "Y2FuYXJ5N1F6LXpl";
/// A key on P-256 whose private half begins with the canary.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgY2FuYXJ5N1F6LXpl
cm9pemUtYW5kLTE1LW1vcmUtYnmhRANCAAQHvl++07MfC9uk+a2KYiNNO14lqn6b
MogNGR8eYtw7co09j8Mv3V109zj0EvZ2Da5M6ewO0PApSelJuBFYfjgC
-----END PRIVATE KEY-----
";
const MOST: usize = 16;
/// As `HttpTransport` sets them.
const UREQ_OUTPUT: usize = 8 * 1024;
const UREQ_INPUT: usize = 16 * 1024;

/// How many blocks were seen, and the sizes of the first of them.
static SIGHTINGS: Mutex<(usize, [usize; MOST])> = Mutex::new((0, [0; MOST]));

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
}
