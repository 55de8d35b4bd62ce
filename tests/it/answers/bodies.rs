//! Bodies that are not a JSON object in UTF-8: the error names their kind, and readable ones are read.

use auth_core::http::Response;

use crate::support::CANARY;

use super::{assert_malformed, body, read};

#[test]
fn a_body_is_named_by_its_kind() {
    for (text, name) in [
        (r#"[{"access_token":"canary7Qz"}]"#, "it is a list"),
        (r#"["canary7Qz"]"#, "it is a list"),
        ("[canary7Qz", "it is a broken list"),
        (r#""canary7Qz""#, "it is a text in quotes"),
        ("canary7Qz", "it is plain text"),
        ("eyJhbGciOiJIUzI1NiJ9.canary7Qz.c2ln==", "it is plain text"),
        ("42", "it is a number"),
        ("true", "it is a single word"),
        ("access_token=canary7Qz&expires=5183999", "it is a form"),
        ("token=canary7Qz", "it is a form"),
        (
            r#""{\"access_token\":\"canary7Qz\"}""#,
            "it is a text that holds JSON",
        ),
        ("\u{0}\u{1}canary7Qz", "it is binary"),
    ] {
        assert_malformed(body(text), name);
    }
}

#[test]
fn a_compressed_body_is_named_with_its_coding() {
    let coded = |coding: &str, bytes: &[u8]| {
        let answer = Response::builder().header("content-encoding", coding);
        read(answer.body([bytes, CANARY.as_bytes()].concat()).unwrap())
    };
    assert_malformed(coded("", b"\x1f\x8b\x08\x00"), "it is compressed (gzip)");
    assert_malformed(
        coded("gzip", b"\x1f\x8b\x08\x00"),
        "it is compressed (gzip)",
    );
    assert_malformed(coded("br", b"\x8b\x05\x80"), "it is compressed (br)");
    assert_malformed(
        coded("zstd", b"\x28\xb5\x2f\xfd"),
        "it is compressed (zstd)",
    );
    assert_malformed(
        coded("deflate", b"\x78\x9c\x01"),
        "it is compressed (deflate)",
    );
    assert_malformed(
        coded("x-canary7Qz", b"\x01"),
        "it is compressed (in another way)",
    );
    let plain = Response::builder().header("content-encoding", "gzip");
    let text = r#"{"access_token":"a","token_type":"bearer"}"#;
    assert!(
        read(plain.body(text.into()).unwrap()).is_ok(),
        "a body that the transport has unpacked is read despite its header"
    );
}

#[test]
fn a_byte_that_is_not_utf_8_spoils_only_what_it_is_in() {
    let answer = |token: &[u8], other: &[u8]| {
        let parts: [&[u8]; 5] = [
            br#"{"access_token":""#,
            token,
            br#"","token_type":"bearer","expires_in":60,"userName":""#,
            other,
            br#""}"#,
        ];
        parts.concat()
    };
    let response = body(answer(b"a", b"J\xfcrgen")).unwrap();
    assert_eq!(response.access_token.expose(), "a");
    assert_eq!(response.extra["userName"].expose(), "J\u{fffd}rgen");
    let broken = body(answer(b"canary7Qz\xff\xfe", b"x"));
    assert_malformed(broken, "its access token is not UTF-8");
    let refresh =
        b"{\"access_token\":\"a\",\"token_type\":\"bearer\",\"refresh_token\":\"canary7Qz\xfc\"}";
    assert_malformed(body(refresh.to_vec()), "its refresh token is not UTF-8");
}

#[test]
fn a_scheme_in_front_of_a_token_is_left_out_once() {
    let answer = |token: &str| format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#);
    for token in [
        "Bearer eyJh.e30.c2ln",
        "bearer eyJh.e30.c2ln",
        "BEARER  eyJh.e30.c2ln",
    ] {
        let response = body(answer(token)).unwrap();
        assert_eq!(response.access_token.expose(), "eyJh.e30.c2ln");
    }
    let twice = body(answer("Bearer Bearer canary7Qz"));
    assert_malformed(twice, "a character that no header may hold");
    assert_malformed(body(answer("Bearer ")), "its access token is empty");
    let other = body(answer("Basic canary7Qz"));
    assert_malformed(other, "a character that no header may hold");
    assert_eq!(
        body(answer("Bearer")).unwrap().access_token.expose(),
        "Bearer"
    );
}
