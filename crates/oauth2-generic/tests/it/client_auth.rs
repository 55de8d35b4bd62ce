//! Authentication of a client: by one method, and never by another.

#[cfg(feature = "jwt")]
mod assertions; // `private_key_jwt`
mod basic; // HTTP Basic
#[cfg(feature = "jwt")]
mod clocks; // an assertion is read by another clock
#[cfg(feature = "jwt")]
mod keys; // which keys are taken

use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Encoding, Error, Result, Secret, Server,
};

use crate::asking::Asking as _;
use crate::requests::{client, server};
use crate::script::Script;

/// A way to authenticate by a secret.
type Way = fn(Secret) -> ClientAuth;

fn secret() -> Secret {
    Secret::new("s&cret")
}

/// The body that a client sends that authenticates so, and `true` if a header authenticates it.
fn shown(auth: ClientAuth, encoding: Encoding) -> (String, bool) {
    let http = Script::default().then(200, ANSWER);
    let client = Client::new(server().encoding(encoding), "app").auth(auth);
    ClientCredentials::new(client).obtain(&http).unwrap();
    let asked = http.asked().remove(0);
    let body = asked.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
    (body, http.headers().contains_key("authorization"))
}

#[test]
fn clients_without_a_secret_name_themselves() {
    for auth in [ClientAuth::none(), ClientAuth::mutual_tls()] {
        assert_eq!(
            shown(auth.clone(), Encoding::Form),
            ("grant_type=client_credentials&client_id=app".into(), false)
        );
        assert_eq!(
            shown(auth, Encoding::Json),
            (
                r#"{"grant_type":"client_credentials","client_id":"app"}"#.into(),
                false
            )
        );
    }
}

#[test]
fn a_secret_goes_where_it_was_registered_for() {
    let (body, basic) = shown(ClientAuth::post(secret()), Encoding::Form);
    assert!(body.ends_with("&client_id=app&client_secret=s%26cret") && !basic);
    let (body, basic) = shown(ClientAuth::basic(secret()), Encoding::Form);
    assert_eq!(
        (body.as_str(), basic),
        ("grant_type=client_credentials", true)
    );
}

#[test]
fn a_client_that_is_refused_does_not_try_another_way() {
    for auth in [
        ClientAuth::post(secret()),
        ClientAuth::basic(secret()),
        ClientAuth::none(),
        ClientAuth::mutual_tls(),
    ] {
        let http = Script::default().then(401, r#"{"error":"invalid_client"}"#);
        let answer = ClientCredentials::new(client().auth(auth)).obtain(&http);
        assert!(matches!(answer, Err(Error::Refused(_))));
        assert_eq!(http.asked().len(), 1);
    }
}

#[test]
fn every_way_has_its_name_in_the_server_s_metadata() -> Result<()> {
    for (announced, auth, allowed) in [
        ("client_secret_post", ClientAuth::post(secret()), true),
        ("client_secret_post", ClientAuth::basic(secret()), false),
        ("client_secret_basic", ClientAuth::basic(secret()), true),
        ("tls_client_auth", ClientAuth::mutual_tls(), true),
        (
            "self_signed_tls_client_auth",
            ClientAuth::mutual_tls(),
            true,
        ),
        ("private_key_jwt", ClientAuth::mutual_tls(), false),
        ("private_key_jwt", ClientAuth::none(), true),
    ] {
        let client = announcing(announced, auth)?;
        let http = Script::default().then(200, ANSWER);
        let answer = ClientCredentials::new(client).obtain(&http);
        assert_eq!(answer.is_ok(), allowed, "{announced}: {answer:?}");
        assert_eq!(http.asked().len(), usize::from(allowed));
    }
    Ok(())
}

/// A client of a server that announces one method of authentication.
fn announcing(method: &str, auth: ClientAuth) -> Result<Client> {
    let metadata = format!(
        r#"{{"issuer":"{ISSUER}","token_endpoint":"{ISSUER}/token","token_endpoint_auth_methods_supported":["{method}"]}}"#
    );
    let http = Script::default().then(200, &metadata);
    let server = Server::discover_with(ISSUER, &http)?;
    Ok(Client::new(server, "app").auth(auth))
}

const ISSUER: &str = "https://login.example";
const ANSWER: &str = r#"{"access_token":"t","token_type":"bearer"}"#;
