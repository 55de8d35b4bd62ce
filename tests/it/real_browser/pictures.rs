//! Pictures for the documentation: `cargo xtask pictures` copies them to `docs/pictures`.

use std::sync::mpsc;

use auth_core::testing::CannedTransport;
use oauth2_generic::{BrowserLogin, Client, DeviceLogin, Server};
use services::Tab;

use super::{begin_with, chromium};

fn client() -> Client {
    let server = Server::new("https://login.example.com/token")
        .authorization_endpoint("https://login.example.com/authorize")
        .device_authorization_endpoint("https://login.example.com/device");
    Client::new(server, "acme-sync")
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
    let mut chromium = chromium();
    let mut tab = chromium.tab();
    let login = BrowserLogin::new(client()).app_name("Acme Sync");
    let token = r#"{"access_token":"t","token_type":"bearer","expires_in":3600}"#;
    let waiting = begin_with(login, CannedTransport::new().json(200, token));
    let (redirect, state) = (
        waiting.parameter("redirect_uri"),
        waiting.parameter("state"),
    );
    tab.open(&format!("{redirect}?code=c&state={state}"));
    assert_eq!(tab.ask_text("document.title"), "You are logged in");
    // The gradient would be most of the file.
    tab.ask("document.body.style.background = 'var(--ground)'");
    for scheme in ["light", "dark"] {
        tab.prefer("screen", scheme);
        take(&mut tab, &format!("page-{scheme}"), (480, 380));
    }
    waiting.end().unwrap();
}

#[test]
fn the_code_of_a_device_is_pictured() {
    let mut chromium = chromium();
    let mut tab = chromium.tab();
    let http = CannedTransport::new().json(
        200,
        r#"{"device_code":"d","user_code":"WDJB-MJHT","expires_in":600,
            "verification_uri":"https://login.example.com/device",
            "verification_uri_complete":"https://login.example.com/device?user_code=WDJB-MJHT"}"#,
    );
    let (show, shown) = mpsc::channel();
    let login = DeviceLogin::new(client()).cancel_when(|| true);
    let login = login.show(move |prompt| {
        let text = format!("{prompt}\n\n{}", prompt.qr().unwrap());
        show.send(text).unwrap();
    });
    login.exchange(&http).unwrap_err();
    let text = serde_json::to_string(&shown.recv().unwrap()).unwrap();
    tab.ask(&format!(
        "document.body.innerHTML = '<pre>', document.body.style = '{TERMINAL}', \
         document.querySelector('pre').textContent = {text}, document.querySelector('pre').scrollWidth"
    ));
    take(&mut tab, "qr", (740, 350));
}

const TERMINAL: &str = "margin: 0; padding: 4px 20px; background: #14181f; color: #e6e9ef; \
    font: 14px/16px \"DejaVu Sans Mono\", monospace";
