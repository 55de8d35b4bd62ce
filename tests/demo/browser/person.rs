//! Who sits in front of the browser, and what a browser is here.

use std::path::PathBuf;

use services::{Browser, Chromium, Error, Led, Tab, Visit};

use super::server::ALICE;

/// Who logs in, and with what.
pub(super) enum Person {
    /// The demonstration, by the keyboard and clicks, in a browser without a window.
    Chromium(Box<Chromium>),
    /// The demonstration, with an HTTP client that fills in forms.
    Forms,
    /// Whoever started the demonstration.
    You,
}

/// What the demonstration does with a browser.
pub(super) trait Window {
    fn open(&mut self, url: &str);
    /// Enters the code of a device into the page.
    fn enter(&mut self, user_code: &str);
    /// Answers what the page asks; false if it asks nothing.
    fn answer(&mut self) -> bool;
    fn title(&mut self) -> String;
    /// What was asked for since this was called last.
    fn visits(&mut self) -> Vec<Visit>;
    /// Keeps what is to be seen, and returns where.
    fn picture(&mut self, name: &str) -> Option<PathBuf>;
}

impl Person {
    /// With Chromium if that is there; else without, and why.
    pub(super) fn new() -> (Self, Option<String>) {
        let why = match Chromium::start() {
            Ok(chromium) => return (Self::Chromium(Box::new(chromium)), None),
            Err(Error::Missing(what)) => format!("`{what}` is missing"),
            Err(Error::Failed(what)) => what,
        };
        (Self::Forms, Some(format!("{why}{INSTEAD}")))
    }

    pub(super) fn about(&self) -> &'static str {
        match self {
            Self::Chromium(_) => "Chromium; the demonstration clicks",
            Self::Forms => "no browser, but a plain HTTP client",
            Self::You => "your own browser",
        }
    }

    /// What the demonstration drives, and how that is called the second time.
    pub(super) fn tools(&self) -> [&'static str; 2] {
        match self {
            Self::Chromium(_) => ["Chromium", "another window of Chromium"],
            Self::Forms | Self::You => ["a plain HTTP client", "another such client"],
        }
    }

    /// How the demonstration logs in and consents.
    pub(super) fn deeds(&self) -> [&'static str; 2] {
        match self {
            Self::Chromium(_) => [
                "types alice's name and password and clicks on `Log in`",
                "clicks on `Allow`",
            ],
            Self::Forms | Self::You => [
                "fills in the form with alice's name and password and sends it",
                "sends the form that allows it",
            ],
        }
    }

    /// A browser that knows nothing yet.
    pub(super) fn window(&mut self) -> Box<dyn Window + '_> {
        match self {
            Self::Chromium(chromium) => Box::new(chromium.tab()),
            Self::Forms | Self::You => Box::new(Browser::new(ALICE)),
        }
    }
}

impl Window for Tab<'_> {
    fn open(&mut self, url: &str) {
        Tab::open(self, url);
    }

    fn enter(&mut self, user_code: &str) {
        self.fill_in("user_code", user_code);
    }

    fn answer(&mut self) -> bool {
        Tab::answer(self, ALICE, true)
    }

    fn title(&mut self) -> String {
        self.ask_text("document.title")
    }

    fn visits(&mut self) -> Vec<Visit> {
        Tab::visits(self)
    }

    fn picture(&mut self, name: &str) -> Option<PathBuf> {
        self.resize(1000, 640);
        Some(self.screenshot(name))
    }
}

impl Window for Browser {
    fn open(&mut self, url: &str) {
        if let Led::Elsewhere(url) = Browser::open(self, url) {
            Browser::open(self, &url);
        }
    }

    fn enter(&mut self, user_code: &str) {
        self.knows(user_code);
    }

    fn answer(&mut self) -> bool {
        match Browser::answer(self) {
            Led::Nowhere => return false,
            Led::Elsewhere(url) => drop(Browser::open(self, &url)),
            Led::On => {}
        }
        true
    }

    fn title(&mut self) -> String {
        Browser::title(self).to_owned()
    }

    fn visits(&mut self) -> Vec<Visit> {
        Browser::visits(self)
    }

    fn picture(&mut self, _: &str) -> Option<PathBuf> {
        None
    }
}

const INSTEAD: &str =
    ".\n   So a plain HTTP client opens the pages, and there is nothing to be seen.
   `cargo xtask setup` installs it on Debian; elsewhere install Chromium, and run this again.
   Or use a browser of your own: `cargo xtask demo --browser`.";
