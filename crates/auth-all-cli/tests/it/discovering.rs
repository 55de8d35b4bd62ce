//! `auth-all discover` and `auth-all jwk`.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use auth_sim::Simulator;
use serde_json::Value;

use crate::support::Home;

/// Answers so many requests; a path that begins with the first text gets the second, and each other one a challenge.
pub(crate) fn api(
    requests: usize,
    well_known: &'static str,
    document: impl Fn(&str) -> String,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let document = document(&url);
    let challenge = format!("WWW-Authenticate: Bearer resource_metadata=\"{url}{well_known}\"\r\n");
    thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4096];
            let read = stream.read(&mut asked).unwrap();
            let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
            let (status, header, body) = if asked.starts_with(&format!("GET {well_known} ")) {
                (
                    "200 OK",
                    "Content-Type: application/json\r\n",
                    document.as_str(),
                )
            } else if asked.starts_with("GET /.well-known/") {
                ("404 Not Found", "", "")
            } else {
                ("401 Unauthorized", challenge.as_str(), "")
            };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    url
}

#[test]
fn a_server_becomes_a_profile_that_can_be_used() {
    let simulator = Simulator::generic();
    // No configuration is needed.
    let home = Home::new("not toml");
    let ran = home.run(&format!("discover {}", simulator.url()));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.out.contains("[profile.127-0-0-1]\n"), "{}", ran.out);
    let issuer = format!("issuer = \"{}\"\n", simulator.url());
    assert!(ran.out.contains(&issuer), "{}", ran.out);
    assert!(
        ran.out
            .contains("grant = \"browser\"  # the server offers: browser, "),
        "{}",
        ran.out
    );
    home.write(&ran.out);
    let listed = home.run("list");
    assert_eq!(
        listed.out,
        format!("127-0-0-1  browser  {}\n", simulator.url())
    );
    // Every line in a comment is one of the program's keys, too.
    let all = ran.out.replace("\n# ", "\n");
    let line = "client_secret = { file = \"/run/secrets/127-0-0-1\" }";
    let one_way = all
        .lines()
        .filter(|it| !it.starts_with("private_key"))
        .collect::<Vec<_>>();
    assert!(all.contains(line), "{all}");
    home.write(
        &one_way
            .join("\n")
            .replacen("Replace", "# Replace", 1)
            .replace("# # ", "# "),
    );
    assert_eq!(home.run("list").code, 0, "{all}");
}

#[test]
fn an_api_that_announces_its_server_is_followed() {
    let simulator = Simulator::generic();
    let issuer = simulator.url().to_owned();
    let url = api(6, "/.well-known/oauth-protected-resource/orders", |url| {
        format!(
            "{{\"resource\": \"{url}/orders\", \"authorization_servers\": [\"{issuer}\"], \
             \"scopes_supported\": [\"orders.read\"]}}"
        )
    });
    let home = Home::new("");
    let ran = home.run(&format!("discover {url}/orders"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        format!("issuer = \"{issuer}\"\n"),
        format!("resource = \"{url}/orders\"\n"),
        format!("api = [\"{url}\"]\n"),
        "# scope = \"orders.read\"  # choose".to_owned(),
    ] {
        assert!(ran.out.contains(&part), "{part}: {}", ran.out);
    }
    home.write(&ran.out);
    assert_eq!(home.run("list").code, 0);
}

#[test]
fn what_a_server_writes_stays_inside_its_quotes() {
    let url = api(8, "/.well-known/oauth-authorization-server", |url| {
        format!(
            "{{\"issuer\": \"{url}\", \"token_endpoint\": \"{url}/token\", \
             \"scopes_supported\": [\"a\\\"\\nclient_secret = {{ command = [\\\"evil\\\"] }}\"]}}"
        )
    });
    let home = Home::new("");
    let ran = home.run(&format!("discover {url}"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        !ran.out
            .lines()
            .any(|line| line.starts_with("client_secret")),
        "{}",
        ran.out
    );
    home.write(&ran.out);
    assert_eq!(home.run("list").code, 0, "{}", ran.out);
}

#[test]
fn an_open_or_silent_server_is_refused() {
    let home = Home::new("");
    let open = home.run("discover http://login.example.com");
    assert_eq!((open.code, open.out.as_str()), (78, ""));
    assert!(open.err.contains("https://"), "{}", open.err);
    let silent = api(8, "/nothing", |_| String::new());
    let ran = home.run(&format!("discover {silent}"));
    assert_eq!(ran.out, "", "{}", ran.err);
    assert!(
        ran.code == 78 || ran.code == 76,
        "{}: {}",
        ran.code,
        ran.err
    );
}

/// The key of RFC 8037, appendix A, whose thumbprint is in A.3.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";

fn keyed(more: &str) -> Home {
    let home = Home::new("");
    let place = home.path().join("key.pem");
    std::fs::write(&place, KEY).unwrap();
    home.write(&format!(
        "[profile.batch]\ntoken_endpoint = \"https://login.example.com/token\"\ngrant = \"client_credentials\"\n\
         client_id = \"batch\"\nprivate_key = {{ file = \"{}\" }}\n{more}",
        place.display()
    ));
    home
}

#[test]
fn the_public_key_has_its_thumbprint_as_name() {
    let ran = keyed("").run("jwk batch");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let jwk: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(jwk["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    assert_eq!(jwk["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(jwk["alg"], "EdDSA");
    let mut names: Vec<_> = jwk
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    let set = keyed("key_id = \"2026\"\n").run("jwk batch --set");
    let set: Value = serde_json::from_str(&set.out).unwrap();
    assert_eq!(set["keys"][0]["kid"], "2026");
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn a_profile_without_a_key_has_no_public_one() {
    let home = Home::new("[profile.o]\nvendor = \"kore\"\nclient_id = \"c\"\n");
    let ran = home.run("jwk o");
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    assert!(
        ran.err.contains("o: the profile has no `private_key`"),
        "{}",
        ran.err
    );
}
