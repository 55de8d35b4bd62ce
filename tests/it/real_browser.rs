//! A login in a real browser: Chromium, without a window, against servers of other projects.
//!
//! Screenshots are kept in `target/screenshots`.

mod demonstrated; // the logins of `cargo xtask demo`
mod logins; // at django-oauth-toolkit and oidc-provider, to a token and its renewal
mod pages; // final pages, in light and dark
mod pictures; // pictures for the documentation

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use auth_core::Result;
use auth_core::grant::TokenResponse;
use auth_core::transport::{HttpTransport, Transport};
use oauth2_generic::BrowserLogin;
use services::{Chromium, started};

fn chromium() -> Chromium {
    started(Chromium::start())
}

/// A login that waits for its browser.
struct Waiting {
    url: String,
    thread: JoinHandle<Result<TokenResponse>>,
}

fn begin(login: BrowserLogin) -> Waiting {
    begin_with(login, HttpTransport::new())
}

fn begin_with(login: BrowserLogin, http: impl Transport + 'static) -> Waiting {
    let (opened, urls) = mpsc::channel();
    let login = login.open_with(move |url| {
        opened.send(url.to_owned()).expect("the test waits for it");
        Ok(())
    });
    let thread = thread::spawn(move || login.exchange(&http));
    let url = urls.recv().expect("a browser is opened");
    Waiting { url, thread }
}

impl Waiting {
    /// A parameter of the URL, decoded.
    fn parameter(&self, name: &str) -> String {
        let (_, rest) = self.url.split_once(&format!("{name}=")).expect(name);
        let value = rest.split('&').next().unwrap_or_default();
        value.replace("%3A", ":").replace("%2F", "/")
    }

    fn end(self) -> Result<TokenResponse> {
        self.thread.join().expect("it does not panic")
    }
}
