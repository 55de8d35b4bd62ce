//! Where a token goes when an API redirects, and the effect of a 401 afterwards.

use auth_core::agent;
use auth_core::agent::ureq::{self, Agent};
use auth_core::http::HeaderValue;

use super::stage::{Api, Batch, Visit, answer, builder, count, redirect, session, status};

/// Redirects one path, and takes the token `t1` at all others.
fn moving(from: &'static str, code: u16, to: &str) -> Api {
    let to = to.to_owned();
    Api::start(move |visit| {
        if visit.path() == from {
            return redirect(code, &to);
        }
        answer(visit.status("Bearer t1"))
    })
}

/// With the defaults, with settings of the agent, and with settings of the request.
fn statuses(agents: [Agent; 2], url: &str) -> [u16; 3] {
    let [plain, configured] = agents;
    let alone = plain.get(url).config().timeout_global(None);
    let alone = alone.http_status_as_error(false).build();
    [
        status(plain.get(url).call()),
        status(configured.get(url).call()),
        status(alone.call()),
    ]
}

fn agents(session: &auth_core::Session) -> [Agent; 2] {
    let configured = agent::agent_with(session, |config| config.http_status_as_error(false));
    [session.agent(), configured]
}

/// Django, `FastAPI` and Rails redirect to the path with a slash, or without.
#[test]
fn a_redirect_within_the_origin_keeps_the_token() {
    for code in [301, 302, 303, 307, 308] {
        let api = moving("/orders?page=1", code, "/orders/?page=1");
        let (session, given) = session(&[&api]);
        let url = api.at("/orders?page=1");
        assert_eq!(statuses(agents(&session), &url), [200; 3], "{code}");
        assert_eq!(
            api.heard()[..2],
            [
                "GET /orders?page=1 Bearer t1",
                "GET /orders/?page=1 Bearer t1"
            ]
        );
        assert_eq!(count(&given), 1);
    }
}

#[test]
fn a_location_may_be_absolute_or_relative() {
    for to in [
        "orders/",
        "./orders/",
        "../v1/orders/",
        "//{host}/v1/orders/",
        "http://{host}/v1/orders/",
    ] {
        let api = Api::start(move |visit| match visit.path() {
            "/v1/orders" => redirect(307, &to.replace("{host}", visit.header("host"))),
            "/v1/orders/" => answer(visit.status("Bearer t1")),
            _ => answer(404),
        });
        let (session, _) = session(&[&api]);
        let came = session.agent().get(api.at("/v1/orders")).call();
        assert_eq!(status(came), 200, "{to}");
    }
}

/// An example is a download that is redirected to a blob store with a signature that has expired.
#[test]
fn a_401_of_another_origin_rejects_no_token() {
    for code in [401, 403, 200] {
        let blobs = Api::start(move |_| answer(code));
        let api = moving("/artifact", 302, &blobs.at("/blob?sig=abc"));
        let (session, given) = session(&[&api]);
        let url = api.at("/artifact");
        assert_eq!(statuses(agents(&session), &url), [code; 3]);
        assert_eq!(blobs.heard(), ["GET /blob?sig=abc "; 3]);
        assert_eq!(api.heard(), ["GET /artifact Bearer t1"; 3]);
        assert_eq!(count(&given), 1, "{code}");
    }
}

/// Another port is another origin, and so is another of the session's APIs.
#[test]
fn a_token_does_not_follow_to_another_api_and_back() {
    let api = Api::start(|visit| match visit.path().strip_prefix("/via?") {
        Some(to) => redirect(302, to),
        None => answer(visit.status("Bearer t1")),
    });
    let other = moving("/back", 302, &api.at("/orders"));
    let (session, given) = session(&[&api, &other]);
    let came = session
        .agent()
        .get(api.at(&format!("/via?{}", other.at("/back"))))
        .call();
    assert_eq!(status(came), 401);
    assert_eq!(other.heard(), ["GET /back "]);
    assert_eq!(api.heard()[1..], ["GET /orders "]);
    assert_eq!(count(&given), 1);
}

#[test]
fn a_401_after_a_redirect_costs_one_renewal() {
    let api = Api::start(|visit| match visit.path() {
        "/orders" => redirect(303, "/orders/7"),
        _ => answer(visit.status("Bearer t2")),
    });
    let (session, given) = session(&[&api]);
    let posted = session.agent().post(api.at("/orders")).send("an order");
    assert_eq!(status(posted), 200);
    assert_eq!(
        api.heard(),
        [
            "POST /orders Bearer t1",
            "GET /orders/7 Bearer t1",
            "GET /orders/7 Bearer t2"
        ]
    );
    assert_eq!(count(&given), 2);
}

#[test]
fn a_post_that_was_redirected_is_sent_once() {
    let elsewhere = Api::start(|_| answer(401));
    for (code, to) in [(301, ""), (302, ""), (303, ""), (303, "/orders/7")] {
        let to = if to.is_empty() {
            elsewhere.at("/login")
        } else {
            to.to_owned()
        };
        let api = Api::start(move |visit| match visit.path() {
            "/orders" => redirect(code, &to),
            _ => answer(401),
        });
        let (session, _) = session(&[&api]);
        for agent in agents(&session) {
            assert_eq!(status(agent.post(api.at("/orders")).send("an order")), 401);
        }
        let posts = |visit: &&Visit| visit.line.starts_with("POST");
        assert_eq!(api.visits().iter().filter(posts).count(), 2, "one each");
    }
}

/// As with ureq: a body would have to be sent twice.
#[test]
fn a_redirect_that_keeps_a_changing_method_fails() {
    for code in [307, 308] {
        let api = moving("/orders", code, "/orders/");
        let (session, given) = session(&[&api]);
        let agent = session.agent();
        let url = api.at("/orders");
        for came in [
            agent.post(&url).send("an order"),
            agent.put(&url).send("an order"),
            agent.patch(&url).send("an order"),
            agent.delete(&url).call(),
        ] {
            let error = came.expect_err("a redirect that is not followed");
            assert!(matches!(error, ureq::Error::RedirectFailed), "{error}");
        }
        assert_eq!(api.visits().len(), 4);
        assert_eq!(count(&given), 1);
    }
}

#[test]
fn a_redirect_turns_a_body_into_a_get() {
    let api = moving("/orders", 302, "/orders/");
    let (session, _) = session(&[&api]);
    let agent = session.agent();
    let put = agent.put(api.at("/orders")).content_type("text/plain");
    assert_eq!(status(put.send("an order")), 200);
    let visit = api.visits().pop().unwrap();
    assert_eq!(
        (visit.line.as_str(), visit.body.as_str()),
        ("GET /orders/", "")
    );
    for name in ["content-length", "content-type", "transfer-encoding"] {
        assert_eq!(visit.header(name), "", "{name}");
    }
    let large = vec![b'x'; 1024 * 1024 + 1];
    assert_eq!(status(agent.post(api.at("/orders")).send(&large)), 200);
    agent
        .head(api.at("/orders"))
        .header("accept", "text/csv")
        .call()
        .unwrap();
    let visit = api.visits().pop().unwrap();
    assert_eq!(visit.line, "HEAD /orders/");
    assert_eq!(visit.header("accept"), "text/csv");
}

#[test]
fn a_header_marked_as_sensitive_stays_in_its_origin() {
    let elsewhere = Api::content();
    let api = moving("/away", 302, &elsewhere.at("/"));
    let (session, _) = session(&[&api]);
    let mut key = HeaderValue::from_static("k3y");
    key.set_sensitive(true);
    let call = |path: &str| {
        let request = session.agent().get(api.at(path));
        let request = request.header("x-key", key.clone()).header("x-trace", "7");
        request.call().unwrap();
    };
    call("/away");
    let visit = elsewhere.visits().pop().unwrap();
    assert_eq!((visit.header("x-key"), visit.header("x-trace")), ("", "7"));
    assert_eq!(
        visit.header("host"),
        elsewhere.url().strip_prefix("http://").unwrap()
    );
}

#[test]
fn an_agent_follows_as_many_redirects_as_it_is_told() {
    let api = Api::start(|_| redirect(302, "/again"));
    let (session, given) = session(&[&api]);
    let at_most = |most, as_error| {
        let agent = agent::agent_with(&session, |config| {
            config
                .max_redirects(most)
                .max_redirects_will_error(as_error)
        });
        let before = api.visits().len();
        let came = agent.get(api.at("/orders")).call();
        (came, api.visits().len() - before)
    };
    let (came, sendings) = at_most(0, true);
    assert_eq!((status(came), sendings), (302, 1));
    let (came, sendings) = at_most(3, false);
    assert_eq!((status(came), sendings), (302, 4));
    let (came, sendings) = at_most(3, true);
    let error = came.expect_err("too many");
    assert!(matches!(error, ureq::Error::TooManyRedirects), "{error}");
    assert_eq!(sendings, 4);
    assert_eq!(count(&given), 1);
}

#[test]
fn a_redirect_to_nowhere_fails() {
    for location in [
        "Location: ftp://files.example/",
        "Location: http://[::1",
        "Age: 0",
    ] {
        let text = format!("HTTP/1.1 302 \r\n{location}\r\nContent-Length: 0\r\n\r\n");
        let api = Api::start(move |_| text.clone());
        let (session, _) = session(&[&api]);
        let error = session.agent().get(api.url()).call().expect_err("nowhere");
        assert!(matches!(error, ureq::Error::RedirectFailed), "{error}");
    }
}

/// An API that redirects a client with an unknown token to its login page.
fn with_login_page(token: &'static str) -> Api {
    Api::start(move |visit| match (visit.path(), visit.status(token)) {
        ("/login", _) | (_, 200) => answer(200),
        _ => redirect(302, "/login"),
    })
}

fn rejecting(api: &Api) -> Batch {
    Batch::of(&[api]).with(|policy| policy.api_rejection(302))
}

#[test]
fn a_redirect_that_is_a_rejection_costs_one_renewal() {
    for most in [10, 0] {
        let api = with_login_page("Bearer t2");
        let (builder, given) = builder(rejecting(&api));
        let session = builder.build().unwrap();
        let agent = agent::agent_with(&session, |config| config.max_redirects(most));
        assert_eq!(status(agent.get(api.at("/tags")).call()), 200);
        assert_eq!(api.heard(), ["GET /tags Bearer t1", "GET /tags Bearer t2"]);
        assert_eq!(count(&given), 2);
    }
}

#[test]
fn a_second_rejection_is_what_the_caller_gets() {
    let api = with_login_page("nothing");
    let (builder, given) = builder(rejecting(&api));
    let session = builder.build().unwrap();
    for _ in 0..3 {
        assert_eq!(status(session.agent().get(api.at("/tags")).call()), 302);
    }
    assert!(!api.heard().iter().any(|it| it.contains("/login")));
    assert_eq!((api.visits().len(), count(&given)), (4, 2));
}

/// An API may answer a new order with 302, too.
#[test]
fn a_post_that_a_redirect_rejects_is_sent_once() {
    let api = with_login_page("Bearer t2");
    let (builder, given) = builder(rejecting(&api));
    let session = builder.build().unwrap();
    let post = || status(session.agent().post(api.at("/tags")).send("a tag"));
    assert_eq!(post(), 302);
    assert_eq!(count(&given), 1, "no renewal for a request that has ended");
    assert_eq!(post(), 200);
    assert_eq!(
        api.heard(),
        ["POST /tags Bearer t1", "POST /tags Bearer t2"]
    );
}

#[test]
fn a_redirect_of_another_origin_is_no_rejection() {
    let elsewhere = moving("/a", 302, "/b");
    let api = moving("/away", 307, &elsewhere.at("/a"));
    let (builder, given) = builder(rejecting(&api));
    let came = builder.build().unwrap().agent().get(api.at("/away")).call();
    assert_eq!(status(came), 401, "without the token");
    assert_eq!(elsewhere.heard(), ["GET /a ", "GET /b "]);
    assert_eq!(count(&given), 1);
}
