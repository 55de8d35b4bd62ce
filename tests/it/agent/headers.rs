//! APIs that require the token in a header of their own, after a word of their own, or alone.

use auth_core::grant::{ProofRequest, ProofResponse, Prover, TokenResponse};
use auth_core::{Error, Result, Secret, Session, agent};

use super::stage::{Api, Batch, answer, builder, count, redirect, status};

/// A header, a scheme, and the value that an API receives in that header for the token `t1`.
const WAYS: [(&str, &str, &str, &str); 6] = [
    ("X-Shopify-Access-Token", "", "x-shopify-access-token", "t1"),
    ("x-auth-token", "Token", "x-auth-token", "Token t1"),
    ("", "Zoho-oauthtoken", "authorization", "Zoho-oauthtoken t1"),
    ("", "Token", "authorization", "Token t1"),
    ("Authorization", "", "authorization", "t1"),
    ("", "", "authorization", "Bearer t1"),
];

/// A client of an API that requires this header and this scheme; an empty text is not set.
fn requiring(api: &Api, header: &'static str, scheme: &'static str) -> Batch {
    Batch::of(&[api]).with(move |mut policy| {
        if !header.is_empty() {
            policy = policy.token_header(header);
        }
        if scheme.is_empty() {
            return policy;
        }
        policy.token_scheme(scheme)
    })
}

/// A prover whose proofs are meaningless.
#[derive(Debug)]
struct Key;

impl Prover for Key {
    fn prove(&self, _: &ProofRequest<'_>) -> Result<Secret> {
        Ok(Secret::new("proof"))
    }

    fn learn(&self, _: &ProofResponse<'_>) -> bool {
        false
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
fn a_token_is_in_the_header_that_the_api_requires() {
    for (name, scheme, header, first) in WAYS {
        let second = first.replace("t1", "t2");
        let elsewhere = Api::content();
        let api = api(header, &second, &elsewhere.at("/"));
        let (builder, given) = builder(requiring(&api, name, scheme));
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
        let (builder, _) = builder(requiring(&api, name, scheme));
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
    let (builder, given) = builder(requiring(&api, "X-Token", ""));
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
fn a_wrong_header_is_a_configuration_error() {
    let api = Api::content();
    let bound = |header: &'static str, scheme: &'static str| {
        let api = api.url().to_owned();
        Batch::of(&[]).with(move |policy| {
            let policy = policy.api(&api).prover(Key);
            if scheme.is_empty() {
                policy.token_header(header)
            } else {
                policy.token_scheme(scheme)
            }
        })
    };
    let unbound = |header, scheme| requiring(&api, header, scheme);
    type Made<'a> = &'a dyn Fn(&'static str, &'static str) -> Batch;
    let cases: [(Made<'_>, _, _, _); 11] = [
        (&unbound, "X Token", "", "`token_header`"),
        (&unbound, "X-Token:", "", "`token_header`"),
        (&unbound, "Tökén", "", "`token_header`"),
        (&unbound, "Host", "", "`token_header`"),
        (&unbound, "Content-Length", "", "`token_header`"),
        (&unbound, "DPoP", "", "`token_header`"),
        (&unbound, "", "Bearer ", "`token_scheme`"),
        (&unbound, "", "two words", "`token_scheme`"),
        (&unbound, "X-Token", "Tok\r\nen", "`token_scheme`"),
        (&bound, "X-Token", "", "bound to a key"),
        (&bound, "", "Token", "bound to a key"),
    ];
    for (made, header, scheme, word) in cases {
        let session = Session::new(made(header, scheme));
        let failed = session.agent().get(api.url()).call().unwrap_err();
        let (builder, given) = builder(made(header, scheme));
        for error in [
            builder.build().unwrap_err(),
            session.token().unwrap_err(),
            agent::error(failed),
        ] {
            assert!(matches!(error, Error::Configuration { .. }), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
        assert_eq!(count(&given), 0);
    }
    assert!(api.visits().is_empty());
}

/// A token from elsewhere is not served either.
#[test]
fn a_wrong_header_is_an_error_with_a_token_too() {
    let api = Api::content();
    let (builder, _) = builder(requiring(&api, "X Token", ""));
    let tokens = TokenResponse::new(Secret::new("t0"));
    let error = builder.tokens(tokens).build().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
}
