//! APIs that want the token in a header of their own, after a word of their own, or alone.

use auth_all::Secret;
use auth_core::{Error, agent};
use oauth2_generic::{Client, DpopKey};

use super::stage::{Api, answer, builder, client, count, redirect, status};

/// A header, a scheme, and what an API gets of the token `t1` in that header.
const WAYS: [(&str, &str, &str, &str); 6] = [
    ("X-Shopify-Access-Token", "", "x-shopify-access-token", "t1"),
    ("x-auth-token", "Token", "x-auth-token", "Token t1"),
    ("", "Zoho-oauthtoken", "authorization", "Zoho-oauthtoken t1"),
    ("", "Token", "authorization", "Token t1"),
    ("Authorization", "", "authorization", "t1"),
    ("", "", "authorization", "Bearer t1"),
];

fn wanting(api: &Api, header: &str, scheme: &str) -> Client {
    Client {
        token_header: header.into(),
        token_scheme: scheme.into(),
        ..client(&[api])
    }
}

/// An API that takes the second token in this header, and redirects one path to another origin.
fn api(header: &'static str, second: &str, away: &str) -> Api {
    let (second, away) = (second.to_owned(), away.to_owned());
    Api::start(move |visit| match visit.path() {
        "/away" => redirect(302, &away),
        "/admin" => redirect(307, "/admin/"),
        _ if visit.header(header) == second => answer(200),
        _ => answer(401),
    })
}

#[test]
fn a_token_goes_where_the_api_wants_it_and_is_replaced_there() {
    for (name, scheme, header, first) in WAYS {
        let second = first.replace("t1", "t2");
        let elsewhere = Api::content();
        let api = api(header, &second, &elsewhere.at("/"));
        let (builder, given) = builder(wanting(&api, name, scheme));
        let session = builder.build().unwrap();
        let agent = session.agent();
        assert_eq!(status(agent.get(api.at("/admin")).call()), 200, "{header}");
        let seen = |visit: &super::stage::Visit| visit.header(header).to_owned();
        let seen: Vec<String> = api.visits().iter().map(seen).collect();
        assert_eq!(seen, [first, first, second.as_str()]);
        assert_eq!(count(&given), 2);

        agent.get(api.at("/away")).call().unwrap();
        let away = elsewhere.visits().pop().unwrap();
        assert_eq!(
            (away.header(header), away.header("authorization")),
            ("", "")
        );
    }
}

#[test]
fn a_session_gives_the_value_for_that_header() {
    for (name, scheme, _, value) in WAYS {
        let api = Api::content();
        let (builder, _) = builder(wanting(&api, name, scheme));
        let session = builder.build().unwrap();
        let authorization = session.authorization().unwrap();
        assert_eq!(authorization, value);
        assert!(authorization.is_sensitive());
        let token = session.token().unwrap();
        assert_eq!(
            (token.authorization().to_str().unwrap(), token.expose()),
            (value, "t1")
        );
    }
}

#[test]
fn a_request_that_has_the_header_is_left_alone() {
    let api = Api::content();
    let (builder, given) = builder(wanting(&api, "X-Token", ""));
    let agent = builder.build().unwrap().agent();
    let call = |name: &str, value: &str| {
        agent.get(api.url()).header(name, value).call().unwrap();
        api.visits().pop().unwrap()
    };
    assert_eq!(call("x-token", "mine").header("x-token"), "mine");
    assert_eq!(count(&given), 0);
    let visit = call("authorization", "Basic abc");
    assert_eq!(
        (visit.header("authorization"), visit.header("x-token")),
        ("Basic abc", "t1")
    );
}

#[test]
fn a_header_or_a_word_that_cannot_be_one_is_a_configuration_error() {
    let bound = |client: Client| Client {
        dpop: Some(DpopKey::generate().unwrap()),
        ..client
    };
    let api = Api::content();
    let wrong = |header: &str, scheme: &str| wanting(&api, header, scheme);
    for (client, word) in [
        (wrong("X Token", ""), "`token_header`"),
        (wrong("X-Token:", ""), "`token_header`"),
        (wrong("Tökén", ""), "`token_header`"),
        (wrong("Host", ""), "`token_header`"),
        (wrong("Content-Length", ""), "`token_header`"),
        (wrong("DPoP", ""), "`token_header`"),
        (wrong("", "Bearer "), "`token_scheme`"),
        (wrong("", "two words"), "`token_scheme`"),
        (wrong("X-Token", "Tok\r\nen"), "`token_scheme`"),
        (bound(wrong("X-Token", "")), "bound to a key"),
        (bound(wrong("", "Token")), "bound to a key"),
    ] {
        let (builder, given) = builder(client);
        let session = builder.build().unwrap();
        let failed = session.agent().get(api.url()).call().unwrap_err();
        for error in [
            &session.token().unwrap_err(),
            agent::error_of(&failed).unwrap(),
        ] {
            assert!(matches!(error, Error::Configuration { .. }), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
        assert_eq!(count(&given), 0);
    }
    assert!(api.visits().is_empty());
}

/// A token that is there at the start is not served either.
#[test]
fn a_wrong_header_is_an_error_with_a_token_at_hand_too() {
    let api = Api::content();
    let (builder, _) = builder(wanting(&api, "X Token", ""));
    let session = builder
        .response(auth_core::grant::TokenResponse::new(Secret::new("t0")))
        .build()
        .unwrap();
    assert!(matches!(session.token(), Err(Error::Configuration { .. })));
}
