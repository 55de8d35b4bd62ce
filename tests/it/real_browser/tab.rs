//! What a person does with a page, and what can be seen of it.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::chromium::Chromium;

/// One window, with somebody in front of it.
pub(super) struct Tab<'a> {
    chromium: &'a mut Chromium,
    session: String,
}

impl<'a> Tab<'a> {
    pub(super) fn new(chromium: &'a mut Chromium, session: String) -> Self {
        let mut tab = Self { chromium, session };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        tab
    }

    pub(super) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.chromium.call(&self.session, method, params)
    }

    /// Opens a URL, and returns when its page is there.
    pub(super) fn open(&mut self, url: &str) {
        self.take_events("Page.loadEventFired");
        self.call("Page.navigate", &json!({"url": url}));
        self.chromium.wait_for(&self.session, "Page.loadEventFired");
    }

    /// What a script says about the page.
    pub(super) fn ask(&mut self, script: &str) -> Value {
        let asked = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].take()
    }

    pub(super) fn ask_text(&mut self, script: &str) -> String {
        let answer = self.ask(script);
        answer
            .as_str()
            .unwrap_or_else(|| panic!("{script}: {answer}"))
            .to_owned()
    }

    /// Logs in and answers questions, until there are no more.
    pub(super) fn log_in(&mut self, (username, password): (&str, &str), consents: bool) {
        for _ in 0..4 {
            let kind = self.ask_text(
                "document.querySelector('[name=password]') ? 'login' : document.forms.length ? 'question' : 'end'",
            );
            let button = match (kind.as_str(), consents) {
                ("login", _) => {
                    self.fill_in("username", username);
                    self.fill_in("password", password);
                    "[type=submit]"
                }
                ("question", true) => "[type=submit][name=allow]",
                ("question", false) => "[type=submit]:not([name=allow])",
                _ => return,
            };
            self.take_events("Page.loadEventFired");
            self.ask(&format!("document.querySelector('{button}').click()"));
            self.chromium.wait_for(&self.session, "Page.loadEventFired");
        }
        panic!("the questions have no end");
    }

    /// Types into a field, as a keyboard would.
    fn fill_in(&mut self, field: &str, text: &str) {
        self.ask(&format!("document.querySelector('[name={field}]').focus()"));
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Shows the page as a person has set it up: `screen` or `print`, `light` or `dark`.
    pub(super) fn prefer(&mut self, medium: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({"media": medium, "features": features}),
        );
    }

    pub(super) fn resize(&mut self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        // It is answered before the page has taken it over.
        self.ask(&format!(
            "new Promise((done) => {{
                const look = () => innerWidth === {width} ? done() : requestAnimationFrame(look);
                look();
            }})"
        ));
    }

    /// Keeps what the window shows as `target/screenshots/NAME.png`.
    pub(super) fn screenshot(&mut self, name: &str) {
        let picture = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        let data = picture["data"].as_str().expect("a picture");
        let bytes = BASE64_STANDARD.decode(data).expect("it is base64");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        fs::create_dir_all(&folder).expect("there is room");
        fs::write(folder.join(format!("{name}.png")), bytes).expect("there is room");
    }

    pub(super) fn take_events(&mut self, event: &str) -> Vec<Value> {
        self.chromium.take_events(event)
    }
}
