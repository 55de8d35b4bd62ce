//! Where the agent's token goes when an API that speaks TLS redirects.

use auth_core::grant::TokenResponse;
use auth_core::{Secret, Session};

use super::authority::Authority;
use super::endpoint::{Turn, Visit, endpoint, https};
use super::visits::Visits;
use super::{access_token, answer, ermeo, trusting};

/// A redirect to this URL.
fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

/// Requests the orders of an API, with a token for both origins.
fn orders(api: &Visits<Visit>, other: &str, authority: &Authority) {
    let url = https(api);
    let session = Session::builder(ermeo(&url))
        .api(&url)
        .api(other)
        .tokens(TokenResponse::new(Secret::new(access_token(1))))
        .transport(trusting(authority))
        .build()
        .unwrap();
    session.agent().get(format!("{url}/orders")).call().unwrap();
}

fn is_signed(visit: &Visit) -> bool {
    let expected = format!("authorization: Bearer {}\r\n", access_token(1));
    visit.heard().contains(&expected)
}

#[test]
fn a_token_does_not_leave_tls() {
    let authority = Authority::new("ours");
    let plain = endpoint([Turn::Plain(answer(1))]);
    let there = format!("http://{}", plain.address());
    let api = endpoint([Turn::Cut(
        authority.server(),
        redirect(&format!("{there}/orders")),
    )]);
    orders(&api, &there, &authority);
    assert!(is_signed(&api.all()[0]));
    let heard = plain.all()[0].heard().to_ascii_lowercase();
    assert!(heard.starts_with("get /orders http/1.1"), "{heard}");
    assert!(!heard.contains("authorization"), "{heard}");
}

#[test]
fn a_token_stays_with_its_origin_over_tls() {
    let authority = Authority::new("ours");
    let api = endpoint([
        Turn::Cut(authority.server(), redirect("/orders/")),
        Turn::Tls(authority.server(), answer(1)),
    ]);
    orders(&api, "https://other.example", &authority);
    let visits = api.all();
    assert!(
        visits.len() == 2 && visits.iter().all(is_signed),
        "{visits:?}"
    );
    assert!(visits[1].heard().starts_with("GET /orders/ "));
}
