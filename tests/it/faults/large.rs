//! A response larger than any token response is refused without being held in memory.

use std::io::Write;

use allocation_counter::measure;
use auth_core::grant::TokenResponse;
use auth_core::transport::HttpTransport;
use auth_core::{Error, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::hostile::Hostile;
use super::post;

/// Asserts that the response is too large, and that reading it took less than 2 MiB.
#[track_caller]
fn assert_too_large(server: &Hostile, reason: &str) {
    let transport = HttpTransport::new();
    let mut outcome: Option<Result<TokenResponse>> = None;
    let memory = measure(|| outcome = Some(post(&transport, &server.url())));
    let error = outcome.expect("it ran").expect_err("too large");
    assert!(matches!(error, Error::Response(_)), "{error:?}");
    assert_eq!(error.to_string(), format!("unusable response: {reason}"));
    assert!(memory.bytes_max < 2 * 1024 * 1024, "{memory:?}");
    assert!(memory.bytes_max > 1024, "the measure works: {memory:?}");
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

#[test]
fn a_body_that_never_ends_is_too_large() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"access_token\":\"";
    let server = Hostile::start(move |client| {
        client.write(head);
        client.write_forever(&[b'x'; 4096]);
    });
    assert_too_large(&server, "it is larger than 262144 bytes");
}

#[test]
fn chunks_that_never_end_are_too_large() {
    let server = Hostile::start(|client| {
        client.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.write_forever(b"4\r\nabcd\r\n");
    });
    assert_too_large(&server, "it is larger than 262144 bytes");
}

#[test]
fn headers_that_never_end_are_too_large() {
    let server = Hostile::start(|client| {
        client.write(b"HTTP/1.1 200 OK\r\nX: ");
        client.write_forever(&[b'x'; 4096]);
    });
    assert_too_large(&server, "its headers are too large");
}

#[test]
fn a_body_announced_as_100_mib_is_not_read() {
    let server = Hostile::start(|client| {
        client.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{}");
        client.rest();
    });
    assert_too_large(&server, "it is larger than 262144 bytes");
}

#[test]
fn a_small_body_that_unpacks_to_64_mib_is_too_large() {
    let bomb = gzipped(&gzip(&vec![b' '; 64 * 1024 * 1024]));
    assert!((60_000..70_000).contains(&bomb.len()), "{}", bomb.len());
    let server = Hostile::start(move |client| client.write(&bomb));
    assert_too_large(&server, "it is larger than 262144 bytes");
}

#[test]
fn a_body_that_is_compressed_unasked_is_read() {
    let text = br#"{"access_token":"a1","token_type":"bearer"}"#;
    let server = Hostile::start(move |client| client.write(&gzipped(&gzip(text))));
    let response = post(&HttpTransport::new(), &server.url()).expect("gzip is switched on here");
    assert_eq!(response.access_token.expose(), "a1");
}

#[test]
fn the_largest_response_is_256_kib_to_the_byte() {
    for (length, read) in [(262_144, true), (262_145, false)] {
        let text = br#"{"access_token":"a1","token_type":"bearer"}"#;
        let server = Hostile::start(move |client| {
            let mut body = text.to_vec();
            body.resize(length, b' ');
            client.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").as_bytes());
            client.write(&body);
        });
        let outcome = post(&HttpTransport::new(), &server.url());
        assert_eq!(outcome.is_ok(), read, "{length}: {outcome:?}");
    }
}
