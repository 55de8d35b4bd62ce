//! The time-out applies to the whole response, however slowly its bytes arrive.

use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::{Delivery, NetworkFailure};

use super::hostile::Hostile;
use super::{assert_network, patient, post};

/// Asserts that a drip of one byte per 50 ms ends within the time-out and a tenth of it.
fn assert_in_time(head: &'static [u8], dripped: &'static [u8]) {
    let server = Hostile::start(move |client| {
        client.write(head);
        client.drip(dripped, Duration::from_millis(50));
    });
    let limit = Duration::from_millis(600);
    assert!(limit < Duration::from_millis(50) * u32::try_from(dripped.len()).unwrap());
    let transport = patient(limit);
    let before = SystemClock::new().now();
    let outcome = post(&transport, &server.url());
    let took = SystemClock::new().now().since(before);
    assert_network(outcome, &NetworkFailure::Timeout, Delivery::Unknown);
    assert!(took >= limit && took <= limit + limit / 10, "{took:?}");
}

#[test]
fn headers_that_drip_end_with_the_time_out() {
    assert_in_time(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
}

#[test]
fn a_body_that_drips_ends_with_the_time_out() {
    assert_in_time(
        b"HTTP/1.1 200 OK\r\nContent-Length: 43\r\n\r\n",
        br#"{"access_token":"a1","token_type":"bearer"}"#,
    );
}

#[test]
fn chunks_that_drip_end_with_the_time_out() {
    assert_in_time(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\n{\r\n1\r\n\"\r\n1\r\na\r\n1\r\nc\r\n1\r\nc\r\n1\r\ne\r\n1\r\ns\r\n",
    );
}
