//! Servers by name: the exact request to each, the response that its documentation shows, and a refusal.

use std::time::{Duration, SystemTime};

use auth_core::grant::{Lifetime, TokenResponse};
use oauth2_generic::{
    Client, ClientAuth, ClientCredentials, Error, ExtensionGrant, JwtBearer, Preset, PresetValue,
    RefreshToken, Secret, SigningKey,
};

use crate::asking::Asking as _;
use crate::jose::verified;
use crate::script::Script;

mod table;

use table::{CASES, Case, Way};

fn preset(case: &Case) -> Preset {
    let preset = Preset::named(case.name).unwrap();
    let values = case.values.iter();
    values.fold(preset, |preset, (name, value)| preset.set(*name, *value))
}

/// A client with a secret, or with the key or the file that the server requires.
fn client(case: &Case) -> Client {
    let client = preset(case).client("app").unwrap();
    match case.way {
        Way::Certificate => client.auth(ClientAuth::private_key_jwt(key())),
        Way::Assertion => client.auth(ClientAuth::assertion(Secret::new("k8s"))),
        Way::Signed => client,
        _ => client.secret(Secret::new("s&cret")),
    }
}

fn key() -> SigningKey {
    SigningKey::from_pem(Secret::new(include_str!("keys/rs256.pem"))).unwrap()
}

fn signed(case: &Case) -> JwtBearer {
    let client = client(case);
    let client = match case.name {
        "google-service-account" => client.scope("https://www.googleapis.com/auth/drive"),
        _ => client,
    };
    preset(case).jwt_bearer(client, key()).unwrap()
}

/// Sends the request that the grant of this server is made of.
fn asked(case: &Case, http: &Script) -> Result<TokenResponse, Error> {
    let client = || client(case);
    match case.way {
        Way::Client | Way::Certificate | Way::Assertion => {
            ClientCredentials::new(client()).obtain(http)
        }
        Way::User => RefreshToken::new(client()).refresh(&Secret::new("r=1"), http),
        Way::Signed => signed(case).obtain(http),
        Way::Extension(grant_type) => ExtensionGrant::for_client(client(), grant_type).obtain(http),
    }
}

/// The line of the last request, and its HTTP Basic; an assertion is left out.
fn shown(http: &Script) -> String {
    let line = http.asked().pop().unwrap();
    let line = match line.split_once("assertion=ey") {
        Some((before, after)) => {
            let rest = after.split_once('&').map_or("", |(_, rest)| rest);
            format!("{before}assertion=…{rest}")
        }
        None => line,
    };
    let headers = http.headers();
    match headers.get("authorization") {
        Some(value) => format!("{line} [{}]", value.to_str().unwrap()),
        None => line,
    }
}

#[test]
fn each_server_gets_the_request_that_it_documents() {
    for case in CASES {
        let http = Script::default().then(case.answer.0, case.answer.1);
        let tokens = asked(case, &http).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(shown(&http), case.request, "{}", case.name);
        assert_eq!(tokens.access_token.expose(), case.token, "{}", case.name);
        let life = match (tokens.lifetime, case.life) {
            (Lifetime::For(life), Some(seconds)) => life.as_secs() == seconds,
            (Lifetime::Until(at), Some(seconds)) => {
                at == SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
            }
            (Lifetime::Unknown, None) => true,
            _ => false,
        };
        assert!(life, "{}: {:?}", case.name, tokens.lifetime);
        let refresh_token = tokens.refresh_token.as_ref().map(Secret::expose);
        assert_eq!(refresh_token, case.refresh_token, "{}", case.name);
    }
}

#[test]
fn each_refusal_is_one_in_the_words_of_the_server() {
    for case in CASES {
        let Some((status, body, words)) = case.refused else {
            continue;
        };
        let http = Script::default().then(status, body);
        let error = asked(case, &http).unwrap_err();
        let is_one = matches!(error, Error::Refused(_) | Error::Status { .. });
        let shown = error.to_string();
        assert!(is_one && shown.contains(words), "{}: {shown}", case.name);
    }
}

/// GitHub returns a form without that.
#[test]
fn json_is_asked_for() {
    let case = CASES.iter().find(|case| case.name == "github").unwrap();
    let http = Script::default().then(case.answer.0, case.answer.1);
    asked(case, &http).unwrap();
    assert_eq!(http.headers()["accept"], "application/json");
}

/// Some of its products write seconds, and others milliseconds.
#[test]
fn zoho_is_not_believed_when_its_unit_is_unclear() {
    let case = CASES.iter().find(|case| case.name == "zoho").unwrap();
    let answer =
        r#"{"access_token":"t","api_domain":"x","token_type":"Bearer","expires_in":3600000}"#;
    let tokens = asked(case, &Script::default().then(200, answer)).unwrap();
    assert!(matches!(tokens.lifetime, Lifetime::For(life) if life.as_secs() == 3600));
}

#[test]
fn each_preset_is_tested() {
    let tested: Vec<_> = CASES.iter().map(|case| case.name).collect();
    let all: Vec<_> = Preset::all().map(|preset| preset.name()).collect();
    assert_eq!(tested, all);
}

#[cfg(feature = "authorization_code")]
#[test]
fn a_user_is_sent_with_the_parameters_of_the_server() {
    use oauth2_generic::AuthorizationCode;

    for case in CASES {
        let grants = preset(case).field("grant").unwrap();
        let url = preset(case).field("authorization_endpoint");
        let has_browser = grants.split(' ').any(|grant| grant == "browser");
        assert_eq!(url.is_some(), has_browser, "{}", case.name);
        let has_device = grants.split(' ').any(|grant| grant == "device");
        let device = preset(case).field("device_authorization_endpoint");
        assert_eq!(device.is_some(), has_device, "{}", case.name);
        let Some(url) = url else { continue };
        let login = AuthorizationCode::new(client(case), "http://127.0.0.1/");
        let pending = login.begin(&Script::default()).unwrap();
        assert!(pending.url().starts_with(&url), "{}", pending.url());
        for (name, value) in preset(case).fields() {
            if let Some(name) = name.strip_prefix("login_params.") {
                let part = format!("&{name}={value}");
                assert!(pending.url().contains(&part), "{}", pending.url());
            }
        }
    }
    let google = Preset::named("google").unwrap().client("app").unwrap();
    let login = AuthorizationCode::new(google, "http://127.0.0.1/").param("prompt", "none");
    let pending = login.begin(&Script::default()).unwrap();
    assert!(pending.url().contains("prompt=none") && !pending.url().contains("consent"));
}

#[test]
fn assertions_claim_what_the_server_requires() {
    let claims = |name: &str| {
        let case = CASES.iter().find(|case| case.name == name).unwrap();
        let http = Script::default().then(200, r#"{"access_token":"t","token_type":"Bearer"}"#);
        signed(case).obtain(&http).unwrap();
        let line = http.asked().pop().unwrap();
        let (_, assertion) = line.split_once("assertion=").unwrap();
        let jwk = serde_json::from_str(&key().jwk()).unwrap();
        let claims = verified(assertion.split('&').next().unwrap(), &jwk).claims;
        ["iss", "sub", "aud", "scope"].map(|name| {
            let claim = claims.get(name).and_then(serde_json::Value::as_str);
            claim.unwrap_or_default().to_owned()
        })
    };
    assert_eq!(
        claims("google-service-account"),
        [
            "app",
            "",
            "https://oauth2.googleapis.com/token",
            "https://www.googleapis.com/auth/drive"
        ]
    );
    assert_eq!(
        claims("salesforce-jwt"),
        [
            "app",
            "jsmith@example.com",
            "https://login.salesforce.com",
            ""
        ]
    );
    assert_eq!(
        claims("docusign"),
        [
            "app",
            "7f09961a",
            "account.docusign.com",
            "signature impersonation"
        ]
    );
}

#[test]
fn a_value_that_is_missing_is_named() {
    let problem = |name: &str| {
        let preset = Preset::named(name).unwrap();
        preset.client("app").unwrap_err().to_string()
    };
    assert_eq!(
        problem("entra"),
        "the preset `entra` requires `tenant`, for instance `contoso.onmicrosoft.com`"
    );
    assert!(problem("keycloak").contains("requires `host`"));
    assert!(problem("auth0").contains("requires `"));
    let okta = Preset::named("okta")
        .unwrap()
        .set("domain", "acme.okta.com");
    let url = okta.server().unwrap().token_endpoint().to_owned();
    assert_eq!(url, "https://acme.okta.com/oauth2/default/v1/token");
}

#[test]
fn a_value_leads_to_no_other_place() {
    for tenant in ["", "a b", "x@evil.example", "x?y", "x#y", "a\\b", "a\nb"] {
        let preset = Preset::named("entra").unwrap().set("tenant", tenant);
        let problem = preset.server().unwrap_err().to_string();
        assert!(problem.starts_with("`tenant` of the preset"), "{problem}");
    }
}

#[test]
fn each_field_can_be_set_and_an_unknown_one_cannot() {
    let github = || Preset::named("github").unwrap();
    let own = github()
        .set("token_endpoint", "https://git.example.com/token")
        .set("params.tenant", "acme");
    let http = Script::default().then(200, r#"{"access_token":"t","token_type":"bearer"}"#);
    let client = own.client("app").unwrap().secret(Secret::new("s"));
    ClientCredentials::new(client).obtain(&http).unwrap();
    assert_eq!(
        http.asked()[0],
        "POST https://git.example.com/token grant_type=client_credentials&client_id=app&client_secret=s&tenant=acme"
    );
    let problem = github().set("tennant", "x").server().unwrap_err();
    let problem = problem.to_string();
    assert!(problem.starts_with("the preset `github` has no `tennant`; it has host, grant"));
    let problem = Preset::named("githb").unwrap_err().to_string();
    assert!(
        problem.contains("named `githb`; there are 1nce, apigee"),
        "{problem}"
    );
}

#[test]
fn a_preset_shows_its_source_and_its_fields() {
    let preset = Preset::named("gitlab").unwrap();
    assert_eq!(preset.title(), "GitLab");
    assert_eq!(preset.source(), "https://docs.gitlab.com/api/oauth2/");
    assert_eq!(preset.read_on(), "2026-11-28");
    let values: Vec<PresetValue> = preset.values().collect();
    assert_eq!(values[0].default, Some("gitlab.com"));
    let fields = preset.set("host", "git.example.com").fields();
    let token = (
        "token_endpoint",
        "https://git.example.com/oauth/token".to_owned(),
    );
    assert!(fields.contains(&token), "{fields:?}");
    let open = Preset::named("entra").unwrap().fields();
    assert!(open.iter().any(|(_, value)| value.contains("{tenant}")));
}

/// The file is that of the webhook of Azure's workload identity.
#[test]
fn a_workload_reads_its_token_from_the_file_of_the_platform() {
    let preset = Preset::named("entra-workload").unwrap().set("tenant", "t");
    let client = preset.client("app").unwrap();
    let error = ClientCredentials::new(client)
        .obtain(&Script::default())
        .unwrap_err();
    let place = "/var/run/secrets/azure/tokens/azure-identity-token: ";
    assert!(error.to_string().contains(place), "{error}");
}
