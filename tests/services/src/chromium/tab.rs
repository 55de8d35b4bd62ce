//! A window: the user's actions on a page, and what the page shows.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Chromium;

/// A window and its user.
#[derive(Debug)]
pub struct Tab<'a> {
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

    /// Calls a method of the protocol on this window.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.chromium.call(&self.session, method, params)
    }

    /// Opens a URL, and returns when its page has loaded.
    pub fn open(&mut self, url: &str) {
        self.take_events("Page.loadEventFired");
        self.call("Page.navigate", &json!({"url": url}));
        self.chromium.wait_for(&self.session, "Page.loadEventFired");
    }

    /// Evaluates a script on the page, and returns its result.
    pub fn ask(&mut self, script: &str) -> Value {
        let asked = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].take()
    }

    /// Evaluates a script that returns a string.
    pub fn ask_text(&mut self, script: &str) -> String {
        let answer = self.ask(script);
        answer
            .as_str()
            .unwrap_or_else(|| panic!("{script}: {answer}"))
            .to_owned()
    }

    /// Logs in and answers questions, until there are no more.
    pub fn log_in(&mut self, who: (&str, &str), consents: bool) {
        for _ in 0..4 {
            if !self.answer(who, consents) {
                return;
            }
        }
        panic!("the pages never stop asking");
    }

    /// Answers the question of the page, by keyboard and click, and returns `true` when the next page has
    /// loaded; returns `false` at once if the page has no question.
    pub fn answer(&mut self, (username, password): (&str, &str), consents: bool) -> bool {
        let kind = self.ask_text(KIND);
        let button = match (kind.as_str(), consents) {
            ("login", _) => {
                self.fill_in("username", username);
                self.fill_in("password", password);
                "[type=submit]"
            }
            ("question", true) => YES,
            ("question", false) => NO,
            _ => return false,
        };
        self.take_events("Page.loadEventFired");
        self.ask(&format!("document.querySelector('{button}').click()"));
        self.chromium.wait_for(&self.session, "Page.loadEventFired");
        true
    }

    /// Types into a field, as with a keyboard.
    pub fn fill_in(&mut self, field: &str, text: &str) {
        self.ask(&format!("document.querySelector('[name={field}]').focus()"));
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Sets the user's media preferences: `screen` or `print`, `light` or `dark`.
    pub fn prefer(&mut self, medium: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({"media": medium, "features": features}),
        );
    }

    /// Resizes the window, and returns when the page has the new size.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        // The browser responds before the page has the new size.
        self.ask(&format!(
            "new Promise((done) => {{
                const look = () => innerWidth === {width} ? done() : requestAnimationFrame(look);
                look();
            }})"
        ));
    }

    /// Saves a picture of the window as `target/screenshots/NAME.png`, and returns its path.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        let picture = self.call("Page.captureScreenshot", &json!({"format": "png"}));
        let data = picture["data"].as_str().expect("a picture");
        let bytes = BASE64_STANDARD.decode(data).expect("it is base64");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = root
            .canonicalize()
            .expect("it is there")
            .join("target/screenshots");
        fs::create_dir_all(&folder).expect("there is room");
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, bytes).expect("there is room");
        path
    }

    /// Takes the events so far.
    pub fn take_events(&mut self, event: &str) -> Vec<Value> {
        self.chromium.take_events(event)
    }
}

const KIND: &str = "document.querySelector('[name=password]') ? 'login' : document.forms.length ? 'question' : 'end'";
/// Of two buttons with names, only the one on the device page refuses.
const YES: &str = "[type=submit][name=allow], button:not([name])";
const NO: &str = "[type=submit]:not([name=allow]), button[name=abort]";
