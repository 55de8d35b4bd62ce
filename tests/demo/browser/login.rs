//! The person logs in and consents, and the code comes back to this program.

use std::env;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use auth_all::generic::{AuthorizationCode, BrowserLogin, Client, RefreshToken};
use auth_all::{Session, TokenResponse};

use super::person::{Person, Window};
use super::server::{ALICE, Server};
use super::wire::{Heard, Wire};
use crate::stage::Outcome;
use crate::story;

pub(super) fn play(
    wire: &mut Wire<'_>,
    server: &Server,
    person: &mut Person,
    client: &Client,
) -> Option<Session> {
    let mut login = AuthorizationCode {
        client: client.clone(),
        ..AuthorizationCode::default()
    };
    if matches!(person, Person::You) {
        // What is pushed is forgotten after a minute, and a person may take longer.
        login.client.pushed_authorization_request_endpoint.clear();
    }
    let login = login.browser().app_name("Acme Sync").deadline(PATIENCE);
    let tokens = match person {
        Person::You => with_you(wire, &login),
        _ => without_you(wire, server, person, login),
    };
    let grant = RefreshToken {
        client: client.clone(),
        ..RefreshToken::default()
    };
    tokens.map(|tokens| wire.builder(grant).response(tokens).build())
}

/// The desktop's browser opens, or its URL is shown; then somebody has to do something.
fn with_you(wire: &mut Wire<'_>, login: &BrowserLogin) -> Option<TokenResponse> {
    let (name, password) = ALICE;
    eprintln!("\nYour turn. If the server asks, log in and allow it:\n");
    eprintln!("    user name  {name}\n    password   {password}\n");
    eprintln!("This waits for {MINUTES} minutes; ctrl-C ends it.\n");
    let mut tokens = None;
    wire.step("log in", |heard| {
        let obtained = login.exchange(heard);
        tokens = Some(obtained.map_err(story::instead_of("a login"))?);
        Ok(
            "your browser brought the code back, it became a token, and the page says so"
                .to_owned(),
        )
    });
    tokens
}

/// One page after the other, by keyboard and clicks.
fn without_you(
    wire: &mut Wire<'_>,
    server: &Server,
    person: &mut Person,
    login: BrowserLogin,
) -> Option<TokenResponse> {
    let mut waiting = Waiting::new(login, wire.http());
    let steps = steps(person);
    let mut window = person.window();
    let (mut tokens, pages) = (None, server.pages());
    for (at, (title, (name, did))) in pages.iter().zip(steps).enumerate() {
        let is_last = at + 1 == pages.len();
        let mut arrived = false;
        wire.step(name, |heard| {
            match at {
                0 => window.open(waiting.url()?),
                _ => story::same("a question", &window.answer(), &true)?,
            }
            look_at(heard, &mut *window, title)?;
            arrived = true;
            if !is_last {
                return Ok(format!("{did}; the server shows the page `{title}`"));
            }
            tokens = Some(waiting.end()?);
            let picture = picture(&mut *window);
            Ok(format!(
                "{did}; the code and its verifier became a token, and our page says `{title}`{picture}"
            ))
        });
        if !arrived {
            return None;
        }
    }
    tokens
}

/// What the steps are called, and what happens in them; one for each page.
fn steps(person: &Person) -> [(&'static str, String); 3] {
    let ([tool, _], [login, consent]) = (person.tools(), person.deeds());
    let open = format!(
        "`login.browser()` listens at 127.0.0.1, tells the server of the login and opens it in {tool}"
    );
    let demonstration = |deed| format!("the demonstration {deed}");
    [
        ("open", open),
        ("log in", demonstration(login)),
        ("consent", demonstration(consent)),
    ]
}

/// The page that should be there now.
fn look_at(heard: &Heard, window: &mut dyn Window, title: &str) -> Outcome {
    let found = window.title();
    heard.push_visits(&window.visits(), &found);
    story::same("the page's title", &found.as_str(), &title)?;
    Ok(found)
}

/// Where a picture of the page is kept, if there is something to be seen.
fn picture(window: &mut dyn Window) -> String {
    let Some(path) = window.picture("demonstration") else {
        return String::new();
    };
    let here = env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(here).unwrap_or(&path);
    format!(", kept as {}", path.display())
}

/// A login that waits for its browser; it is given up if nobody ends it.
struct Waiting {
    url: Option<String>,
    given_up: Arc<AtomicBool>,
    thread: Option<JoinHandle<auth_all::Result<TokenResponse>>>,
}

impl Waiting {
    fn new(login: BrowserLogin, http: Heard) -> Self {
        let given_up = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&given_up);
        let (opened, urls) = mpsc::channel();
        let login = login
            .cancel_when(move || asked.load(Ordering::Relaxed))
            .open_with(move |url| opened.send(url.to_owned()).map_err(io::Error::other));
        let thread = thread::spawn(move || login.exchange(&http));
        Self {
            // None comes if the login ends before.
            url: urls.recv().ok(),
            given_up,
            thread: Some(thread),
        }
    }

    fn url(&mut self) -> Result<&str, String> {
        if self.url.is_none() {
            self.end()?;
        }
        self.url
            .as_deref()
            .ok_or_else(|| "expected a URL to open, got none".to_owned())
    }

    fn end(&mut self) -> Result<TokenResponse, String> {
        let ended = self.thread.take().and_then(|thread| thread.join().ok());
        let tokens = ended.ok_or_else(|| "the login has ended before".to_owned())?;
        tokens.map_err(story::instead_of("a login"))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        // What it says no longer matters to anybody.
        let _ = self.end();
    }
}

const MINUTES: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60 * MINUTES);
