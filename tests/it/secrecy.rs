//! No secret in an error, a log line, an event or a `Debug`.
//!
//! Every secret begins with the canary; each test forces something to be shown and looks for it.

mod aeris; // whose secrets are in the URL
mod echo; // servers that repeat what they were sent
mod errors; // every error of every vendor
mod headers; // keys for what is before a token endpoint
mod shown; // every public type
mod tenant; // values that no header may hold

use aerion_auth::Aerion;
use aeris_auth::Aeris;
use auth_core::{Grant, Secret};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, ClientAuth, ClientCredentials, Encoding, Password};

use crate::support::CANARY;

/// A secret that can be told from all others.
fn secret(name: &str) -> Secret {
    format!("{CANARY}{name}").into()
}

fn aerion(base: &str) -> Aerion {
    Aerion {
        company: "acme".into(),
        username: "ada@acme.example".into(),
        password: secret("password"),
        client_secret: secret("client"),
        base: base.into(),
        ..Aerion::default()
    }
}

fn aeris(base: &str) -> Aeris {
    Aeris {
        client_id: "aerisclient".into(),
        client_secret: secret("cs"),
        account_id: "10001".into(),
        account_secret: secret("as"),
        requester_id: "ops@acme.example".into(),
        base: base.into(),
    }
}

fn ermeo(base: &str) -> Ermeo {
    Ermeo {
        client_id: "7_4hzk".into(),
        client_secret: secret("client"),
        username: "camille@acme.example".into(),
        password: secret("password"),
        base: base.into(),
    }
}

fn client(base: &str) -> Client {
    Client {
        token_endpoint: format!("{base}/token"),
        client_id: "batch".into(),
        client_secret: secret("client"),
        extra_secrets: vec![("api_key".into(), secret("key"))],
        ..Client::default()
    }
}

fn password(base: &str) -> Password {
    Password {
        client: client(base),
        username: "jsmith".into(),
        password: secret("password"),
    }
}

/// Every vendor, and the generic client in its ways to show a secret.
fn grants(base: &str) -> Vec<Box<dyn Grant>> {
    let by_basic = Client {
        client_auth: ClientAuth::Basic,
        ..client(base)
    };
    let as_json = Client {
        body: Encoding::Json,
        ..client(base)
    };
    vec![
        Box::new(aerion(base)),
        Box::new(aeris(base)),
        Box::new(ermeo(base)),
        Box::new(password(base)),
        Box::new(ClientCredentials::new(by_basic)),
        Box::new(ClientCredentials::new(as_json)),
    ]
}
