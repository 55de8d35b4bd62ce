//! Golden records: the bytes that a released version wrote stay readable, and this version writes the same.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::clock::{Moment, UnixTime};
use crate::error::{Delivery, LoginReason, NetworkFailure, Refusal, RequestKind};
use crate::fingerprint::fingerprint;
use crate::identity::Identity;
use crate::login::Tokens;
use crate::secret::Secret;
use crate::token::{Lifetime, TokenResponse};

fn time(seconds: u64) -> UnixTime {
    UnixTime::new(Duration::from_millis(seconds * 1000 + 250))
}

fn period(since: u64, until: u64) -> Period {
    Period {
        since: time(since),
        until: time(until),
    }
}

fn tokens() -> Tokens {
    let mut response = TokenResponse::new(Secret::new("an access token"));
    response.lifetime = Lifetime::For(Duration::from_secs(3600));
    response.refresh_token = Some(Secret::new("a refresh token"));
    response.refresh_token_lifetime = Some(Duration::from_secs(86_400));
    response.scope = Some("orders.read".to_owned());
    response
        .extra
        .insert("id_token".to_owned(), Secret::new("an id token"));
    response
        .extra
        .insert("userName".to_owned(), Secret::new("J. Smith"));
    let moment = Moment::new(time(1_767_225_600), Duration::ZERO);
    Tokens::new(response, moment).unwrap().1
}

fn refused(code: &str) -> Error {
    let mut refusal = Refusal::new(code, Some("in words of the server"));
    refusal.status = Some(400);
    refusal.retry_after = Some(Duration::from_secs(30));
    refusal.into()
}

fn back_off(scope: Scope, verdict: Verdict, cause: Error) -> BackOff {
    BackOff {
        scope,
        verdict,
        times: 3,
        generation: Generation(7),
        period: period(1_767_225_700, 1_767_229_300),
        cause,
    }
}

/// One record for each state of the two machines, and one with every kind of failure.
fn records() -> Vec<(&'static str, Record)> {
    let Tokens { access, refresh } = tokens();
    let token = refresh.unwrap();
    let ready = Record {
        lineage: Lineage(0x0123_4567_89ab_cdef_0011_2233_4455_6677),
        born: time(1_767_225_600),
        revision: 12,
        generation: Generation(7),
        access,
        refresh: Refresh::Ready(Arc::clone(&token)),
        login: LogIn::Idle,
        back_offs: Vec::new(),
        seed: Some(Fingerprint(0x1234)),
    };
    let in_flight = Record {
        refresh: Refresh::InFlight {
            token: Arc::clone(&token),
            attempt: AttemptId(0xfeed),
            sendings: 1,
            period: period(1_767_225_700, 1_767_225_750),
        },
        ..ready.clone()
    };
    let lost = Record {
        refresh: Refresh::Lost {
            token,
            attempt: AttemptId(0xfeed),
            sendings: 2,
            loss: Box::new(Loss {
                reason: LoginReason::RefreshTokenUncertain,
                cause: Some(Error::Network {
                    failure: NetworkFailure::Timeout,
                    delivery: Delivery::Unknown,
                }),
            }),
        },
        login: LogIn::InProgress {
            attempt: AttemptId(0xbeef),
            period: period(1_767_225_800, 1_767_225_850),
        },
        ..ready.clone()
    };
    let tombstone = Record {
        access: None,
        refresh: Refresh::Absent,
        seed: None,
        ..ready.clone()
    };
    let status = Error::Status {
        status: 502,
        retry_after: None,
        request: RequestKind::Refresh,
        message: Some("a page of a proxy".into()),
    };
    let login_required = Error::LoginRequired {
        reason: LoginReason::CredentialsRefused,
        cause: Some(Box::new(refused("invalid_grant"))),
    };
    let connect = Error::Network {
        failure: NetworkFailure::Connect("refused".to_owned()),
        delivery: Delivery::NotSent,
    };
    let (one, other) = (Fingerprint(1), Fingerprint(0xffff));
    let failures = Record {
        back_offs: vec![
            back_off(Scope::Everyone, Verdict::Later, status),
            back_off(Scope::Everyone, Verdict::Throttled, connect),
            back_off(
                Scope::Refresh(one),
                Verdict::Unclear,
                refused("E_FORBIDDEN"),
            ),
            back_off(
                Scope::Refresh(other),
                Verdict::Setting,
                refused("invalid_client"),
            ),
            back_off(Scope::Login(one), Verdict::Wrong, login_required),
            back_off(
                Scope::Login(one),
                Verdict::Doubted,
                Error::configuration("a setting"),
            ),
            back_off(
                Scope::Login(other),
                Verdict::Unusable,
                Error::response("no token"),
            ),
            back_off(
                Scope::Everyone,
                Verdict::Later,
                Error::store(StoreFailure::Unavailable, "the disk is full"),
            ),
        ],
        ..ready.clone()
    };
    vec![
        ("ready", ready),
        ("in-flight", in_flight),
        ("lost", lost),
        ("tombstone", tombstone),
        ("failures", failures),
    ]
}

fn decode(bytes: &[u8]) -> Result<Record> {
    Loaded::decode(&crate::store::Record::from_bytes(bytes.to_vec())).map(|loaded| loaded.record)
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Compares a text with a golden file, or writes the file if it is missing.
#[track_caller]
fn assert_golden(name: &str, text: &str) {
    let path = folder().join(name);
    if !path.exists() {
        fs::write(&path, text).unwrap();
        panic!("{name} was missing; the test has written it: commit it");
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert_eq!(
        golden, text,
        "{name}: this version writes other bytes than earlier ones"
    );
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    text
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|it| !it.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(String::from_iter);
    pairs
        .map(|it| u8::from_str_radix(&it, 16).unwrap())
        .collect()
}

#[test]
fn records_are_written_like_the_golden_ones() {
    for (name, record) in records() {
        assert_golden(
            &format!("record-3-{name}.hex"),
            &hex(record.encode().expose()),
        );
    }
}

#[test]
fn golden_records_are_read_and_written_the_same() {
    let mut count = 0;
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let golden = bytes(&fs::read_to_string(&path).unwrap());
            let record = decode(&golden).unwrap();
            assert_eq!(record.encode().expose(), golden, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= records().len(), "{count}");
}

#[test]
fn identities_and_fingerprints_stay_the_same() {
    let mut text = String::new();
    let mut line = |identity: Identity| {
        let secret = [Secret::new("a refresh token")];
        let print = fingerprint(&identity, &secret).unwrap();
        let _ = writeln!(text, "{identity}\n    {:016x}", print.0);
    };
    line(Identity::new("acme"));
    line(Identity::new("acme").with("user", ""));
    line(
        Identity::new("acme")
            .with("client_id", "1_abc")
            .with("username", "j smith"),
    );
    line(
        Identity::new("acme")
            .with("a=b", "100% ü\n")
            .with("c", "d=e"),
    );
    line(Identity::new("acme").with_url("base", "HTTPS://API.Acme.example:443/"));
    line(Identity::new("acme").with_url("base", "https://api.acme.example/a/?b=c"));
    line(Identity::new("acme").with_url("base", "http://127.0.0.1:8080"));
    assert_golden("identities.txt", &text);
}

#[test]
fn a_field_of_a_newer_version_is_skipped() {
    for (name, record) in records() {
        let old = record.encode();
        let mut newer = old.expose().to_vec();
        newer.extend([127, 3, 1, 2, 3]);
        let read = decode(&newer).unwrap();
        assert_eq!(read.encode(), old, "{name}");
    }
}

#[test]
fn a_field_that_must_be_known_is_not_skipped() {
    let (_, record) = records().remove(0);
    let mut newer = record.encode().expose().to_vec();
    newer.extend([wire::MUST_KNOW, 1, 1]);
    let error = decode(&newer).unwrap_err().to_string();
    assert!(error.contains("upgrade this program"), "{error}");
}

#[test]
fn a_record_of_another_format_is_left_alone() {
    let (_, record) = records().remove(0);
    for (format, words) in [(FORMAT - 1, "older version"), (FORMAT + 1, "newer version")] {
        let mut other = record.encode().expose().to_vec();
        other[MAGIC.len()] = format;
        let error = decode(&other).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = decode(b"{}").unwrap_err().to_string();
    assert!(error.contains("not a record"), "{error}");
}

/// A state that only a newer version knows must not be taken for one of these.
#[test]
fn an_unknown_state_is_not_guessed() {
    let (_, record) = records().remove(0);
    let good = record.encode();
    let token = record.refresh.token().unwrap();
    let mut written = Writer::new();
    written.byte(1, READY);
    written.field(2, |to| token.write(to));
    let written: Zeroizing<Vec<u8>> = written.finish();
    let bytes = good.expose();
    let start = bytes
        .windows(written.len())
        .position(|it| *it == **written)
        .unwrap();
    let mut newer = bytes.to_vec();
    newer[start + 2] = 9;
    let error = decode(&newer).unwrap_err().to_string();
    assert!(error.contains("upgrade this program"), "{error}");
}

#[test]
fn an_unknown_failure_is_read_strictly() {
    let mut to = Writer::new();
    back_off(
        Scope::Login(Fingerprint(1)),
        Verdict::Wrong,
        Error::response("no token"),
    )
    .write(&mut to);
    let mut newer = to.finish().to_vec();
    // The values of the fields `scope` and `verdict`.
    newer[2] = 200;
    newer[3 + 3 + 2] = 200;
    let read = BackOff::read(Value::new(&newer)).unwrap();
    assert_eq!(
        (read.scope, read.verdict),
        (Scope::Everyone, Verdict::Setting)
    );
    assert_eq!(read.period, period(1_767_225_700, 1_767_229_300));
    assert_eq!(error::reason(200), LoginReason::RefreshTokenRefused);
}

/// Shape of a record: the states of its machines, and the optional parts that are set.
fn shape(record: &Record) -> impl PartialEq + std::fmt::Debug + use<> {
    let access = record.access.as_ref();
    let token = record.refresh.token();
    (
        mem::discriminant(&record.refresh),
        mem::discriminant(&record.login),
        token.map(|token| token.life.is_some()),
        access.map(|access| (access.scope.is_some(), access.extra.len())),
        record.back_offs.len(),
        record.seed.is_some(),
    )
}

/// Damage is seen, or changes a value; it never takes a field away.
#[test]
fn no_damage_makes_a_reader_skip_a_field() {
    for (name, record) in records() {
        let good = record.encode();
        let whole = shape(&record);
        for at in 0..good.expose().len() {
            assert!(decode(&good.expose()[..at]).is_err(), "{name}: cut at {at}");
            for flipped in [0x01, 0x40, 0x80, 0xff] {
                let mut bytes = good.expose().to_vec();
                bytes[at] ^= flipped;
                if let Ok(read) = decode(&bytes) {
                    assert_eq!(shape(&read), whole, "{name}: {at}");
                }
            }
        }
    }
}

/// Another program may have written there: a text must not move the cursor of a terminal or begin a line of a log.
#[test]
fn a_stored_failure_is_shown_in_one_line() {
    let odd = "a\n\u{1b}[31m\u{202e}b";
    let mut refusal = Refusal::new(odd, None);
    refusal.description = Some(odd.to_owned());
    refusal.retry_after = Some(Duration::MAX);
    for cause in [
        Error::from(refusal),
        Error::configuration(odd),
        Error::response(odd),
        Error::store(StoreFailure::Unsafe, odd),
        Error::network(NetworkFailure::Connect(odd.to_owned()), Delivery::NotSent),
        Error::Status {
            status: 400,
            retry_after: Some(Duration::MAX),
            request: RequestKind::Login,
            message: Some(odd.into()),
        },
    ] {
        let mut to = Writer::new();
        error::write(&cause, &mut to);
        let read = error::read(Value::new(&to.finish())).unwrap();
        let text = read.to_string();
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}']), "{text:?}");
        assert!(text.contains("a\\n\\u{1b}"), "{text:?}");
        let wait = read.retry_after().unwrap_or_default();
        assert!(wait <= Duration::from_secs(24 * 3600), "{wait:?}");
    }
}

/// A damaged time must not hold back a login for years.
#[test]
fn a_stored_period_lasts_for_a_day_or_so() {
    let endless = period(1_767_225_700, u64::MAX / 2000);
    let mut to = Writer::new();
    endless.write(&mut to);
    let read = Period::read(Value::new(&to.finish())).unwrap();
    assert_eq!(read.since, endless.since);
    assert_eq!(read.length(), LONGEST_PERIOD);
}
