//! Pictures for the documentation: `cargo xtask pictures` takes them over into `docs/pictures`.

use auth_core::http::{Request, Response};
use oauth2_generic::{AuthorizationCode, Client, DeviceCode};
use services::Tab;

use super::{begin_with, chromium};

fn client() -> Client {
    Client {
        token_endpoint: "https://login.example.com/token".into(),
        authorization_endpoint: "https://login.example.com/authorize".into(),
        device_authorization_endpoint: "https://login.example.com/device".into(),
        client_id: "acme-sync".into(),
        ..Client::default()
    }
}

/// A server that responds with this to every request.
fn server(body: &'static str) -> impl Fn(Request<Vec<u8>>) -> auth_core::Result<Response<Vec<u8>>> {
    move |_| Ok(Response::new(body.into()))
}

/// Keeps a picture, if it is small enough for a page.
fn take(tab: &mut Tab<'_>, name: &str, (width, height): (u32, u32)) {
    tab.resize(width, height);
    let picture = std::fs::read(tab.screenshot(name)).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    assert!(picture.len() < 60_000, "{name}: {} bytes", picture.len());
}

#[test]
fn the_page_of_a_login_is_pictured() {
    let Some(mut chromium) = chromium() else {
        return;
    };
    let mut tab = chromium.tab();
    let login = AuthorizationCode {
        client: client(),
        ..AuthorizationCode::default()
    };
    let token = server(r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#);
    let waiting = begin_with(login.browser().app_name("Acme Sync"), token);
    let (redirect, state) = (
        waiting.parameter("redirect_uri"),
        waiting.parameter("state"),
    );
    tab.open(&format!("{redirect}?code=c&state={state}"));
    assert_eq!(tab.ask_text("document.title"), "You are logged in");
    // The gradient would take more than all the rest.
    tab.ask("document.body.style.background = 'var(--ground)'");
    for scheme in ["light", "dark"] {
        tab.prefer("screen", scheme);
        take(&mut tab, &format!("page-{scheme}"), (480, 380));
    }
    waiting.end().unwrap();
}

#[test]
fn the_code_of_a_device_is_pictured() {
    let Some(mut chromium) = chromium() else {
        return;
    };
    let mut tab = chromium.tab();
    let http = server(
        r#"{"device_code":"d","user_code":"WDJB-MJHT","expires_in":600,
            "verification_uri":"https://login.example.com/device",
            "verification_uri_complete":"https://login.example.com/device?user_code=WDJB-MJHT"}"#,
    );
    let pending = DeviceCode { client: client() }.begin(&http).unwrap();
    let text = format!("{pending}\n\n{}", pending.qr().unwrap());
    let text = serde_json::to_string(&text).unwrap();
    tab.ask(&format!(
        "document.body.innerHTML = '<pre>', document.body.style = '{TERMINAL}', \
         document.querySelector('pre').textContent = {text}, document.querySelector('pre').scrollWidth"
    ));
    take(&mut tab, "qr", (740, 350));
}

const TERMINAL: &str = "margin: 0; padding: 4px 20px; background: #14181f; color: #e6e9ef; \
    font: 14px/16px \"DejaVu Sans Mono\", monospace";
