//! The programs in the facade's examples, against simulators and prepared responses.

use std::sync::Arc;
use std::time::Duration;

use auth_all::aerion::Aerion;
use auth_all::aeris::Aeris;
use auth_all::agent::ureq;
use auth_all::clock::Clock;
use auth_all::ermeo::Ermeo;
use auth_all::error::Remedy;
use auth_all::generic::{
    AuthorizationCode, Client, DeviceLogin, DpopKey, Password, Server, SigningKey,
};
use auth_all::store::{FileStore, MemoryStore, Store};
use auth_all::testing::{CannedTransport, ManualClock};
use auth_all::transport::HttpTransport;
use auth_all::{LoginOutcome, Secret, Session};
use auth_sim::{Simulator, Vendor};

/// The programs.
#[allow(dead_code, reason = "nothing calls their `main` here")]
#[path = "../../../crates/auth-all/examples"]
mod programs {
    pub(crate) mod aerion_sso;
    pub(crate) mod aeris_gateway;
    pub(crate) mod bank;
    pub(crate) mod browser;
    pub(crate) mod cached_discovery;
    pub(crate) mod device;
    pub(crate) mod ermeo_batch;
    pub(crate) mod ermeo_refresh_token;
    pub(crate) mod many_customers;
    pub(crate) mod metrics;
    pub(crate) mod odd_server;
    pub(crate) mod operator;
    pub(crate) mod other_http_client;
    pub(crate) mod own_store_and_transport;
    pub(crate) mod own_vendor;
    pub(crate) mod presets;
    pub(crate) mod secret_sources;
    pub(crate) mod two_requests;
    pub(crate) mod web_application;
}

use programs::*;

fn ermeo(simulator: &Simulator) -> Ermeo {
    use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
    Ermeo::new(CLIENT_ID, Secret::new(CLIENT_SECRET))
        .password(USERNAME, Secret::new(PASSWORD))
        .base(simulator.url())
}

fn password_of_ermeo() -> Secret {
    Secret::new(auth_sim::ermeo::PASSWORD)
}

#[test]
fn ermeo_batch_logs_in_once_in_two_nights() {
    let (simulator, folder) = (Simulator::ermeo(), tempfile::tempdir().unwrap());
    for _night in 0..2 {
        let assets = ermeo_batch::assets(
            ermeo(&simulator),
            &folder.path().join("logins"),
            simulator.url(),
        );
        assert!(assets.unwrap().contains("AST-0001"));
    }
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn a_refresh_token_is_handed_over_once() {
    use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET, USERNAME};
    let (simulator, folder) = (Simulator::ermeo(), tempfile::tempdir().unwrap());
    let ermeo = Ermeo::new(CLIENT_ID, Secret::new(CLIENT_SECRET)).base(simulator.url());
    let ermeo = ermeo.username(USERNAME);
    let handed_over = Secret::new(simulator.issue_refresh_token());
    for _start in 0..2 {
        let handed_over = handed_over.clone().into();
        let session =
            ermeo_refresh_token::start(ermeo.clone(), handed_over, &folder.path().join("logins"));
        let status = session.unwrap().status().to_string();
        assert!(status.starts_with("valid for "), "{status}");
    }
    assert!(simulator.spends().values().all(|times| *times <= 1));
}

#[test]
fn aerion_lives_on_what_the_single_sign_on_left() {
    use auth_sim::aerion::{COMPANY, USERNAME};
    let (simulator, folder) = (Simulator::aerion(), tempfile::tempdir().unwrap());
    let aerion = Aerion::new(COMPANY)
        .username(USERNAME)
        .base(simulator.url());
    let left_behind = Secret::new(simulator.issue_refresh_token());
    let expiry = aerion_sso::log_in(aerion, left_behind.into(), &folder.path().join("logins"));
    assert!(expiry.unwrap() > Some(simulator.now()));
}

#[test]
fn the_gateway_has_a_header_for_each_request() {
    use auth_sim::aeris::{ACCOUNT_ID, ACCOUNT_SECRET, CLIENT_ID, CLIENT_SECRET, REQUESTER_ID};
    let simulator = Simulator::aeris();
    let aeris = Aeris::new(CLIENT_ID, Secret::new(CLIENT_SECRET))
        .account(ACCOUNT_ID, Secret::new(ACCOUNT_SECRET))
        .requester(REQUESTER_ID)
        .base(simulator.url());
    let (session, _renewals) = aeris_gateway::start(aeris).unwrap();
    for _request in 0..3 {
        assert!(aeris_gateway::forward(&session).unwrap() > "Bearer ".len());
    }
    assert_eq!(simulator.token_requests().len(), 1);
}

#[test]
fn the_metrics_count_what_happens() {
    let (simulator, metrics) = (Simulator::ermeo(), metrics::Metrics::default());
    let session = metrics::watched(ermeo(&simulator), &metrics).unwrap();
    let token = session.token().unwrap();
    assert_eq!(metrics.events("logged_in"), 1);
    assert!(session.reject(&token));
    session.token().unwrap();
    assert_eq!(
        (metrics.events("rejected"), metrics.events("refreshed")),
        (1, 1)
    );
}

#[test]
fn the_operator_learns_whose_turn_it_is() {
    let (simulator, folder) = (Simulator::ermeo(), tempfile::tempdir().unwrap());
    assert!(operator::work(ermeo(&simulator), &folder.path().join("logins")).is_ok());
    let other = tempfile::tempdir().unwrap();
    let wrong = ermeo(&simulator).password(auth_sim::ermeo::USERNAME, Secret::new("wrong"));
    let logins = other.path().join("logins");
    for _ in 0..2 {
        let error = operator::work(wrong.clone(), &logins).unwrap_err();
        assert_eq!(error.remedy(), Remedy::LogIn);
        assert!(operator::advice(&error).starts_with("ask jsmith"));
    }
    let file = other.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = operator::work(ermeo(&simulator), &file).unwrap_err();
    assert_eq!(operator::advice(&error), "look at the folder of the logins");
}

#[test]
fn another_client_sends_a_rejected_request_again() {
    let simulator = Simulator::ermeo();
    let session = Session::new(ermeo(&simulator));
    let seen = std::cell::RefCell::new(Vec::new());
    let client = |authorization: &str| {
        seen.borrow_mut().push(authorization.to_owned());
        if seen.borrow().len() == 1 { 401 } else { 200 }
    };
    assert_eq!(other_http_client::assets(&session, &client).unwrap(), 200);
    let seen = seen.into_inner();
    assert!(seen.len() == 2 && seen[0] != seen[1]);
}

#[test]
fn a_session_without_a_network_lives_on_the_table() {
    let simulator = Simulator::ermeo();
    let table: Arc<dyn Store> = Arc::new(own_store_and_transport::Table::default());
    let sessions = own_store_and_transport::sessions(ermeo(&simulator), table);
    let (online, offline) = sessions.unwrap();
    let token = online.token().unwrap();
    assert_eq!(offline.token().unwrap().expose(), token.expose());
}

#[test]
fn a_table_of_your_own_keeps_the_promises_of_a_store() {
    let table = Arc::new(own_store_and_transport::Table::default());
    auth_sim::store_conformance::check(|| Arc::clone(&table));
}

#[test]
fn a_vendor_of_your_own_logs_in_and_refreshes() {
    let (clock, http) = (ManualClock::new(), CannedTransport::new());
    let http = http
        .json(
            200,
            r#"{"access_token":"a","token_type":"bearer","expires_in":60,"refresh_token":"r"}"#,
        )
        .json(
            200,
            r#"{"access_token":"b","token_type":"bearer","expires_in":60}"#,
        );
    let acme = own_vendor::Acme::new("jsmith").password(password_of_ermeo());
    let builder = Session::builder(acme)
        .transport(http.clone())
        .clock(clock.clone());
    let session = builder.build().unwrap();
    assert_eq!(session.token().unwrap().expose(), "a");
    clock.advance(Duration::from_secs(60));
    assert_eq!(session.token().unwrap().expose(), "b");
    assert_eq!(
        http.requests()[1].body(),
        b"grant_type=refresh_token&refresh_token=r"
    );
}

#[test]
fn a_grant_may_send_two_requests_or_none() {
    let printed = two_requests::Printed(Secret::new("from the agent").into());
    let http = CannedTransport::new();
    let session = Session::builder(printed)
        .transport(http.clone())
        .build()
        .unwrap();
    assert_eq!(session.token().unwrap().expose(), "from the agent");
    assert!(http.requests().is_empty());

    let http = http
        .json(200, r#"{"access_token":"own","token_type":"bearer"}"#)
        .json(200, r#"{"access_token":"traded","token_type":"bearer"}"#);
    let key = Secret::new("k").into();
    let impersonated = two_requests::Impersonated { key };
    let session = Session::builder(impersonated)
        .transport(http.clone())
        .build()
        .unwrap();
    assert_eq!(session.token().unwrap().expose(), "traded");
    let body = String::from_utf8(http.requests()[1].body().clone()).unwrap();
    assert!(body.contains(r#""token":"own""#), "{body}");
}

/// The confidential client of the generic simulator.
fn client(simulator: &Simulator) -> Client {
    use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET};
    let server = Server::discover(simulator.url()).unwrap();
    let client = Client::new(server, CLIENT_ID).secret(Secret::new(CLIENT_SECRET));
    client.api(simulator.url())
}

/// Follows a link to the simulator, whose user agrees to everything; returns the redirect URL.
fn visit(url: &str) -> String {
    let agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .build()
        .new_agent();
    let response = agent.get(url).call().unwrap();
    let location = response
        .headers()
        .get("location")
        .map(|to| to.to_str().unwrap());
    location.unwrap_or_default().to_owned()
}

#[test]
fn a_service_gets_its_own_token() {
    let simulator = Simulator::generic();
    let url = format!("{}/whoami", simulator.url());
    let page = cached_discovery::get(client(&simulator), &url).unwrap();
    assert!(page.contains(auth_sim::generic::CLIENT_ID), "{page}");
}

#[test]
fn a_desktop_program_asks_its_user_once() {
    let simulator = Simulator::generic();
    let server = Server::discover(simulator.url()).unwrap();
    // The program's own settings, with the simulator's client and a user who clicks at once.
    let described = format!("{:?}", browser::login(server));
    assert!(described.contains("acme-sync"), "{described}");
    let login = auth_all::generic::BrowserLogin::new(client(&simulator)).user("me");
    let login = login.open_with(|url| {
        let url = url.to_owned();
        std::thread::spawn(move || ureq::get(url).call().map(drop));
        Ok(())
    });
    let session = login.session(MemoryStore::new()).unwrap();
    let outcome = || browser::continue_after_the_end(&session, &login).unwrap();
    assert_eq!(outcome(), LoginOutcome::Kept);
    session.forget().unwrap();
    assert_eq!(outcome(), LoginOutcome::LoggedIn);
}

#[test]
fn a_screen_shows_a_code_and_waits() {
    let clock = ManualClock::new();
    let now = clock.clone();
    let simulator = Simulator::builder(Vendor::Generic).now(move || now.now().wall.into());
    let simulator = simulator.start().unwrap();
    let login = DeviceLogin::new(client(&simulator)).user("lobby");
    let login = login.clock(clock).show(|prompt| {
        let text = device::text(prompt);
        assert!(
            text.contains(&prompt.user_code) && text.contains('█'),
            "{text}"
        );
        visit(prompt.verification_uri_complete.as_deref().unwrap());
    });
    let session = login.session(MemoryStore::new()).unwrap();
    assert!(session.token().is_ok());
}

#[test]
fn a_web_application_finds_the_logins_of_its_users() {
    let (simulator, folder) = (Simulator::generic(), tempfile::tempdir().unwrap());
    let redirect = auth_sim::generic::REDIRECT_URI;
    let app = web_application::App {
        login: AuthorizationCode::new(client(&simulator), redirect),
        http: HttpTransport::new(),
        store: FileStore::open(folder.path().join("logins")).unwrap(),
    };
    let (kept, url) = app.begin().unwrap();
    let session = app.finish(&kept, &visit(&url), "ada").unwrap();
    let token = session.token().unwrap();
    let later = app.session("ada").unwrap();
    assert_eq!(later.token().unwrap().expose(), token.expose());
    let error = app.session("another").unwrap().token().unwrap_err();
    assert_eq!(error.remedy(), Remedy::LogIn);
}

#[test]
fn each_customer_has_a_login() {
    let (simulator, folder) = (Simulator::generic(), tempfile::tempdir().unwrap());
    let sessions = many_customers::sessions(client(&simulator), &folder.path().join("logins"));
    let sessions = sessions.unwrap();
    let error = sessions.get(&4711).unwrap().token().unwrap_err();
    assert_eq!(error.remedy(), Remedy::LogIn);
    let mut tokens = auth_all::grant::TokenResponse::new(Secret::new("of 4711"));
    tokens.refresh_token = Some(Secret::new("r"));
    sessions
        .get(&4711)
        .unwrap()
        .log_in(|_http| Ok(tokens))
        .unwrap();
    assert_eq!(
        sessions.get(&4711).unwrap().token().unwrap().expose(),
        "of 4711"
    );
    assert!(sessions.get(&4712).unwrap().token().is_err());
}

#[test]
fn the_table_of_presets_is_that_of_the_code() {
    let guide = include_str!("../../../crates/auth-all/docs/presets.md");
    let table = presets::table();
    assert!(
        guide.contains(&table),
        "put the output of `cargo xtask presets` into crates/auth-all/docs/presets.md:\n{table}"
    );
}

#[test]
fn an_odd_server_is_described_and_not_programmed() {
    let http = CannedTransport::new().json(
        200,
        r#"{"data":{"token":"a","renewal":"r","valid_until":1893456000000},"token_type":"User Access Token"}"#,
    );
    let client = odd_server::client(Secret::new("s").into(), Secret::new("k").into());
    let grant = Password::new(client, "jsmith", Secret::new("p"));
    let builder = Session::builder(grant)
        .transport(http.clone())
        .clock(ManualClock::new());
    let token = builder.build().unwrap().token().unwrap();
    assert_eq!(token.expose(), "a");
    let expiry = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000);
    assert_eq!(token.expires_at(), Some(expiry));
    let request = &http.requests()[0];
    let body = String::from_utf8(request.body().clone()).unwrap();
    assert!(
        body.contains(r#""api_key":"k""#) && body.contains(r#""tenant":"acme""#),
        "{body}"
    );
}

#[test]
fn a_secret_is_read_from_where_it_lives() {
    let simulator = Simulator::generic();
    let server = Server::new(simulator.token_url());
    let missing = || auth_all::secret::file("/no/such/token");
    for session in [
        secret_sources::pod(&server, missing()),
        secret_sources::job(&server, missing()),
        secret_sources::batch(&server, missing()),
    ] {
        let error = session.token().unwrap_err();
        assert!(error.to_string().contains("/no/such/token"), "{error}");
    }
    assert!(simulator.token_requests().is_empty());
}

#[test]
fn a_bank_gets_an_assertion_and_a_proof() {
    let folder = tempfile::tempdir().unwrap();
    let bound = DpopKey::open(folder.path().join("dpop.pem")).unwrap();
    // Any P-256 key will do; a DPoP key is easy to generate.
    let signing = SigningKey::from_pem(bound.to_pem()).unwrap();
    let http = CannedTransport::new().json(
        200,
        r#"{"access_token":"a","token_type":"DPoP","expires_in":600}"#,
    );
    let server = Server::new("https://login.bank.example/token");
    let builder = bank::treasury(server, signing, bound).transport(http.clone());
    assert_eq!(builder.build().unwrap().token().unwrap().expose(), "a");
    let request = &http.requests()[0];
    assert!(request.headers().contains_key("dpop"));
    let body = String::from_utf8(request.body().clone()).unwrap();
    assert!(body.contains("client_assertion=ey"), "{body}");
}
