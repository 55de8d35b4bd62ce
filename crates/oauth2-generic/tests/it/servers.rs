//! A server by its metadata, by a copy of it, and by hand.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use auth_core::Error;
use auth_core::testing::{CannedTransport, ManualClock};
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Discovery, Encoding, Grant, Result, Secret, Server,
    Session,
};

const ISSUER: &str = "https://login.example.com";
const DOCUMENT: &str = r#"{
    "issuer": "https://login.example.com",
    "token_endpoint": "https://login.example.com/token",
    "authorization_endpoint": "https://login.example.com/authorize",
    "jwks_uri": "https://login.example.com/keys",
    "grant_types_supported": ["client_credentials"],
    "code_challenge_methods_supported": ["plain"],
    "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.login.example.com/token"},
    "a_member_of_2030": {"x": [1, true, null]}
}"#;
const TOKENS: &str = r#"{"access_token": "abc", "token_type": "Bearer"}"#;

fn announced() -> Server {
    let http = CannedTransport::new().json(200, DOCUMENT);
    Server::discover_with(ISSUER, &http).unwrap()
}

/// The request that a client's own login sends to this server.
fn sent(client: Client) -> (String, String, Option<String>) {
    let http = CannedTransport::new().json(200, TOKENS);
    let request = ClientCredentials::new(client).login_request().unwrap();
    request.send(&http).unwrap();
    let request = http.requests().remove(0);
    let header = request.headers().get("authorization");
    let header = header.map(|value| value.to_str().unwrap().to_owned());
    let body = String::from_utf8(request.body().clone()).unwrap();
    (request.uri().to_string(), body, header)
}

fn problem(client: Client) -> String {
    let request = ClientCredentials::new(client).login_request();
    request.unwrap_err().to_string()
}

#[test]
fn a_server_reads_back_from_its_json() {
    let server = announced()
        .with_token_endpoint("https://proxy.example.com/token")
        .revocation_endpoint("https://login.example.com/revoke")
        .ignore_announced("code_challenge_methods_supported")
        .ignore_announced("issuer");
    let json = server.to_json();
    let again = Server::from_json(&json).unwrap();
    assert_eq!(again.to_json(), json);
    assert_eq!(again.token_endpoint(), "https://proxy.example.com/token");
    let metadata = again.metadata().unwrap();
    assert_eq!(
        metadata.jwks_uri.as_deref(),
        Some("https://login.example.com/keys")
    );
    assert_eq!(metadata.grant_types_supported, ["client_credentials"]);
    assert!(metadata.code_challenge_methods_supported.is_empty());
    assert_eq!(metadata.mtls_endpoint_aliases.len(), 1);

    let by_hand = Server::new("https://login.example.com/token").issuer(ISSUER);
    let again = Server::from_json(&by_hand.to_json()).unwrap();
    assert!(again.metadata().is_none());
    assert_eq!(again.to_json(), by_hand.to_json());
}

#[test]
fn a_metadata_document_is_a_server() {
    let server = Server::from_json(DOCUMENT).unwrap();
    assert_eq!(server.token_endpoint(), "https://login.example.com/token");
    assert_eq!(server.metadata().unwrap().issuer, ISSUER);
}

#[test]
fn json_that_is_not_a_server_is_refused() {
    for json in [
        "",
        "{}",
        "[]",
        "no JSON",
        r#"{"issuer": "https://login.example.com", "token_endpoint": "http://login.example.com/token"}"#,
    ] {
        let error = Server::from_json(json).unwrap_err();
        assert!(matches!(error, Error::Configuration { .. }), "{error}");
        assert!(error.to_string().contains("`Server::to_json`"), "{error}");
    }
}

#[test]
fn a_secret_goes_where_the_server_announces_it() {
    let secret = || Secret::new("s3cret");
    let by_hand = Client::new(Server::new("https://login.example.com/token"), "batch");
    let (_, body, header) = sent(by_hand.secret(secret()));
    assert!(body.contains("client_secret=s3cret"), "{body}");
    assert_eq!(header, None);

    let (_, body, header) = sent(Client::new(announced(), "batch").secret(secret()));
    assert!(
        !body.contains("s3cret") && !body.contains("client_id"),
        "{body}"
    );
    assert_eq!(header.as_deref(), Some("Basic YmF0Y2g6czNjcmV0"));
}

#[test]
fn a_certificate_goes_to_the_endpoint_for_it() {
    let client = Client::new(announced(), "batch").auth(ClientAuth::mutual_tls());
    let (url, body, _) = sent(client);
    assert_eq!(url, "https://mtls.login.example.com/token");
    assert!(body.contains("client_id=batch"), "{body}");
    assert_eq!(
        sent(Client::new(announced(), "batch")).0,
        "https://login.example.com/token"
    );
}

#[test]
fn an_assertion_of_another_party_is_read_for_each_request() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let source = oauth2_generic::secret::file(&file);
    let client = Client::new(announced(), "pod").auth(ClientAuth::assertion(source));
    for token in ["first", "second"] {
        fs::write(&file, format!("{token}\n")).unwrap();
        let (_, body, _) = sent(client.clone());
        let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        assert!(body.contains(kind), "{body}");
        assert!(
            body.contains(&format!("client_assertion={token}")),
            "{body}"
        );
    }
}

/// A token that has expired is refused; the next one is sent without a wait.
#[test]
fn a_rotated_assertion_is_not_held_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, "expired").unwrap();
    let assertion = ClientAuth::assertion(oauth2_generic::secret::file(&file));
    let client = Client::new(announced(), "pod").auth(assertion);
    let http = CannedTransport::new()
        .json(401, r#"{"error": "invalid_client"}"#)
        .json(200, TOKENS);
    let session = Session::builder(ClientCredentials::new(client)).transport(http.clone());
    let session = session.clock(ManualClock::new()).build().unwrap();
    for _ in 0..2 {
        session.token().unwrap_err();
        assert_eq!(http.requests().len(), 1);
    }
    fs::write(&file, "rotated").unwrap();
    assert_eq!(session.token().unwrap().expose(), "abc");
    let body = String::from_utf8(http.requests()[1].body().clone()).unwrap();
    assert!(body.ends_with("client_assertion=rotated"), "{body}");
}

#[test]
fn an_unknown_member_cannot_be_ignored() {
    let server = announced().ignore_announced("grant_type_supported");
    let problem = problem(Client::new(server, "batch"));
    assert!(problem.contains("grant_type_supported"), "{problem}");
}

#[test]
fn an_empty_issuer_is_a_wrong_setting() {
    let server = Server::new("https://login.example.com/token").issuer("");
    let problem = problem(Client::new(server, "batch"));
    assert_eq!(problem, "`issuer` is empty; set it or leave it out");
}

#[test]
fn debug_shows_no_query_and_no_secret() {
    let server = Server::new("https://login.example.com/token?key=c4nary")
        .issuer("https://login.example.com/?c4nary")
        .encoding(Encoding::Json);
    let client = Client::new(server, "batch").secret(Secret::new("c4nary"));
    let shown = format!("{:?}", ClientCredentials::new(client));
    assert!(shown.contains("https://login.example.com/token"), "{shown}");
    assert!(!shown.contains("c4nary"), "{shown}");
}

/// A file for a copy of the metadata.
struct Copy {
    _directory: tempfile::TempDir,
    file: PathBuf,
}

impl Copy {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("cache").join("server.json");
        Self {
            _directory: directory,
            file,
        }
    }

    fn discover(&self, http: &CannedTransport) -> Result<Server> {
        Discovery::new(ISSUER).cache(&self.file).discover(http)
    }

    /// Makes the copy so old.
    fn age(&self, hours: u64) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the time of a file is the machine's"
        )]
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        let file = File::options().write(true).open(&self.file).unwrap();
        file.set_modified(then).unwrap();
    }
}

/// A server that is up, and one that is not.
fn up() -> CannedTransport {
    CannedTransport::new().json(200, DOCUMENT)
}

fn down() -> CannedTransport {
    CannedTransport::new()
}

#[test]
fn a_copy_is_used_for_a_day() {
    let copy = Copy::new();
    drop(copy.discover(&up()).unwrap());
    let http = up();
    let server = copy.discover(&http).unwrap();
    assert_eq!(server.token_endpoint(), "https://login.example.com/token");
    assert!(http.requests().is_empty());

    copy.age(25);
    drop(copy.discover(&http).unwrap());
    assert_eq!(http.requests().len(), 1);
    // It was written anew.
    let http = up();
    drop(copy.discover(&http).unwrap());
    assert!(http.requests().is_empty());
}

#[test]
fn an_old_copy_serves_while_the_server_is_down() {
    let copy = Copy::new();
    copy.discover(&down()).unwrap_err();
    drop(copy.discover(&up()).unwrap());
    copy.age(1000);
    let broken = CannedTransport::new().json(503, "{}").json(200, "<html>");
    for http in [down(), broken] {
        let server = copy.discover(&http).unwrap();
        assert_eq!(server.metadata().unwrap().issuer, ISSUER);
        assert!(!http.requests().is_empty());
    }
}

#[test]
fn a_copy_of_the_future_is_not_used() {
    let copy = Copy::new();
    drop(copy.discover(&up()).unwrap());
    let file = File::options().write(true).open(&copy.file).unwrap();
    let later = file.metadata().unwrap().modified().unwrap() + Duration::from_secs(3600);
    file.set_modified(later).unwrap();
    let http = up();
    drop(copy.discover(&http).unwrap());
    assert_eq!(http.requests().len(), 1);
}

#[test]
fn a_damaged_or_foreign_copy_is_replaced() {
    for content in [
        "",
        "{",
        "\u{1f511}",
        r#"{"issuer": "https://other.example.com", "token_endpoint": "https://other.example.com/t"}"#,
    ] {
        let copy = Copy::new();
        drop(copy.discover(&up()).unwrap());
        fs::write(&copy.file, content).unwrap();
        let http = up();
        let server = copy.discover(&http).unwrap();
        assert_eq!(server.token_endpoint(), "https://login.example.com/token");
        assert_eq!(http.requests().len(), 1);
        let kept = fs::read_to_string(&copy.file).unwrap();
        assert_eq!(kept, server.to_json());
    }
}

#[test]
fn a_first_copy_that_cannot_be_written_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let below = Discovery::new(ISSUER).cache(file.join("server.json"));
    let error = below.discover(&up()).unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }), "{error}");
    assert!(error.to_string().contains("server.json"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_copy_is_written_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let copy = Copy::new();
    drop(copy.discover(&up()).unwrap());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&copy.file), 0o600);
    let directory = copy.file.parent().unwrap();
    assert_eq!(mode(directory), 0o700);
    assert_eq!(
        fs::read_dir(directory).unwrap().count(),
        1,
        "no draft is left"
    );

    fs::set_permissions(&copy.file, PermissionsExt::from_mode(0o666)).unwrap();
    let http = up();
    let error = copy.discover(&http).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    assert!(http.requests().is_empty());
}
