//! The key file of a service account.

use auth_core::testing::ManualClock;
use oauth2_generic::{Error, Secret, ServiceAccount};
use serde_json::{Value, json};

use crate::asking::obtained_by;
use crate::jose::verified;
use crate::script::Script;

fn file() -> Value {
    json!({
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "9fbd47c0",
        "private_key": include_str!("keys/rs256.pem"),
        "client_email": "batch@acme.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

fn account(file: &Value) -> Result<ServiceAccount, Error> {
    ServiceAccount::from_json(Secret::new(file.to_string()))
}

#[test]
fn a_key_file_is_all_that_a_login_needs() {
    let account = account(&file()).unwrap();
    assert_eq!(account.email(), "batch@acme.iam.gserviceaccount.com");
    let grant = account.grant(
        account
            .client()
            .scope("https://www.googleapis.com/auth/drive"),
    );
    let http = Script::default().then(
        200,
        r#"{"access_token":"t","expires_in":3599,"token_type":"Bearer"}"#,
    );
    obtained_by(
        &ManualClock::new(),
        grant.clone().subject("jsmith@acme.com"),
        http.clone(),
    )
    .unwrap();
    let line = http.asked().remove(0);
    let (before, assertion) = line.split_once("&assertion=").unwrap();
    let grant_type = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    assert_eq!(
        before,
        format!("POST https://oauth2.googleapis.com/token {grant_type}")
    );
    let jwk = serde_json::from_str(&account.key().jwk()).unwrap();
    let jwt = verified(assertion, &jwk);
    assert_eq!(jwt.header["kid"], "9fbd47c0");
    assert_eq!(jwt.header["alg"], "RS256");
    assert_eq!(jwt.claims["iss"], "batch@acme.iam.gserviceaccount.com");
    assert_eq!(jwt.claims["aud"], "https://oauth2.googleapis.com/token");
    assert_eq!(jwt.claims["scope"], "https://www.googleapis.com/auth/drive");
    assert_eq!(jwt.claims["sub"], "jsmith@acme.com");
    // The account for itself has no `sub`.
    obtained_by(
        &ManualClock::new(),
        grant,
        Script::default().then(200, "{}"),
    )
    .unwrap_err();
}

#[test]
fn another_file_is_named_and_not_quoted() {
    for (member, value, says) in [
        ("type", json!("authorized_user"), "its `type` is another"),
        ("type", Value::Null, "has no `type`"),
        ("client_email", Value::Null, "has no `client_email`"),
        ("token_uri", Value::Null, "has no `token_uri`"),
        ("private_key_id", Value::Null, "has no `private_key_id`"),
        ("private_key", Value::Null, "has no `private_key`"),
        ("private_key", json!("c4nary"), "not PEM"),
    ] {
        let mut file = file();
        file[member] = value;
        let shown = account(&file).unwrap_err().to_string();
        assert!(shown.contains(says) && !shown.contains("c4nary"), "{shown}");
    }
    let shown = account(&json!("c4nary")).unwrap_err().to_string();
    assert!(
        shown.contains("is not JSON") && !shown.contains("c4nary"),
        "{shown}"
    );
    let shown = format!("{:?}", account(&file()).unwrap());
    assert!(
        shown.contains("SigningKey(…)") && !shown.contains("BEGIN"),
        "{shown}"
    );
}
