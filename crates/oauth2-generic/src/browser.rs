//! A login in which a person only clicks (RFC 8252).

mod connection;
mod counter;
mod loopback;
mod opening;
mod page;
mod request;

use std::fmt;
use std::io;
use std::time::Duration;

use auth_core::{
    Clock, Error, ErrorCode, HttpTransport, Reason, Result, Secret, SystemClock, Transport,
};

use crate::authorization_code::{AuthorizationCode, Granted, PendingCode};
use counter::Counter;
use loopback::Loopback;
use opening::Opening;
use page::{Page, Words};

/// A login in the browser of the person in front of this machine, in one call.
///
/// It listens on the loopback interface, opens the browser at the server, waits for the one answer
/// that belongs to this login, shows the person a page that says what happened, and closes.
/// Everything has a default; [`log_in`](BrowserLogin::log_in) does it.
///
/// ```no_run
/// use oauth2_generic::{AuthorizationCode, Client, Session};
///
/// let login = AuthorizationCode {
///     client: Client {
///         token_endpoint: "https://login.example.com/token".into(),
///         authorization_endpoint: "https://login.example.com/authorize".into(),
///         issuer: "https://login.example.com".into(),
///         client_id: "acme-sync".into(),
///         ..Client::default()
///     },
///     ..AuthorizationCode::default()
/// };
/// let granted = login.browser().app_name("Acme Sync").log_in()?;
/// let session = Session::new(granted);
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[must_use = "`log_in` opens the browser"]
pub struct BrowserLogin {
    login: AuthorizationCode,
    app_name: String,
    deadline: Duration,
    cancelled: Box<dyn FnMut() -> bool + Send>,
    opening: Opening,
    show: Option<Show>,
    transport: Option<Box<dyn Transport>>,
    clock: Box<dyn Clock>,
}

type Show = Box<dyn FnOnce(&str) + Send>;

impl AuthorizationCode {
    /// Lets the person in front of this machine log in with a browser.
    ///
    /// Here [`redirect_uri`](AuthorizationCode::redirect_uri) is where this program listens.
    /// Without a port, any that is free is taken and filled in, which a server must allow for a
    /// literal loopback address (RFC 8252 §7.3); with a port, it is that one.
    ///
    /// | `redirect_uri` | listens at |
    /// |---|---|
    /// | empty | `http://127.0.0.1:PORT/callback`, or `[::1]` where there is no IPv4 |
    /// | `http://127.0.0.1/cb` | `http://127.0.0.1:PORT/cb` |
    /// | `http://[::1]:8400/` | `http://[::1]:8400/` |
    /// | `http://localhost/cb` | `http://localhost:PORT/cb`, for servers that know no other |
    pub fn browser(self) -> BrowserLogin {
        BrowserLogin {
            login: self,
            app_name: String::new(),
            deadline: Duration::from_secs(5 * 60),
            cancelled: Box::new(|| false),
            opening: Opening::System,
            show: Some(Box::new(print)),
            transport: None,
            clock: Box::new(SystemClock),
        }
    }
}

impl BrowserLogin {
    /// What the person calls this program; the page says it. Default: "the application".
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.app_name = name.into();
        self
    }

    /// How long the person may take. Default: five minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Asked many times a second whether to give up. Default: never.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use oauth2_generic::AuthorizationCode;
    /// # let login = AuthorizationCode::default();
    /// let cancel = Arc::new(AtomicBool::new(false));
    /// let asked = Arc::clone(&cancel);
    /// let login = login.browser().cancelled_by(move || asked.load(Ordering::Relaxed));
    /// // Elsewhere, when somebody clicks on "Cancel":
    /// cancel.store(true, Ordering::Relaxed);
    /// # let _ = login;
    /// ```
    pub fn cancelled_by(mut self, asked: impl FnMut() -> bool + Send + 'static) -> Self {
        self.cancelled = Box::new(asked);
        self
    }

    /// Opens the browser. Default: the one that the desktop would open.
    ///
    /// It must return at once. If it fails, the URL is [shown](BrowserLogin::show) instead.
    pub fn open_with(mut self, open: impl FnOnce(&str) -> io::Result<()> + Send + 'static) -> Self {
        self.opening = Opening::With(Box::new(open));
        self
    }

    /// Shows the URL to the person if no browser could be opened. Default: on standard error.
    ///
    /// Called once at most. The URL holds no secret, and is of use on this machine alone.
    pub fn show(mut self, show: impl FnOnce(&str) + Send + 'static) -> Self {
        self.show = Some(Box::new(show));
        self
    }

    /// How the server is told of the login, if the client names a
    /// [`pushed_authorization_request_endpoint`](crate::Client::pushed_authorization_request_endpoint).
    /// Default: an [`HttpTransport`].
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// What time it is, for the deadline. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Opens the browser and waits for the answer.
    ///
    /// What it returns is a new login: a session that is built on it replaces the one in its store.
    /// Whatever does not repeat the `state` of this login gets a page that says so, and the waiting
    /// goes on. Nothing listens any more when this returns.
    ///
    /// # Errors
    /// [`Error::Refused`] if the person or the server said no. [`Error::ReauthenticationRequired`]
    /// with [`Reason::LoginTimedOut`] or [`Reason::LoginCancelled`] if nobody answered.
    /// [`Error::Configuration`] if `redirect_uri` is not on the loopback interface or its port is
    /// taken, and as [`begin`](AuthorizationCode::begin) or
    /// [`begin_pushed`](AuthorizationCode::begin_pushed). [`Error::Answer`] if the answer has no code
    /// or is not from `issuer`.
    pub fn log_in(mut self) -> Result<Granted> {
        let loopback = Loopback::open(&self.login.redirect_uri)?;
        self.login.redirect_uri = loopback.address.redirect_uri.clone();
        let pending = self.begin()?;
        let (url, state) = (pending.url().to_owned(), pending.state().to_owned());
        let words = Words::new(&self.app_name, &self.login.client);
        let mut counter = Counter::new(loopback, words, state);

        let (mut pending, mut outcome) = (Some(pending), None);
        let begun = self.clock.now();
        let mut launch = self.opening.launch(&url);
        while outcome.is_none() {
            if launch.is_in_vain()
                && let Some(show) = self.show.take()
            {
                show(&url);
            }
            counter.turn(self.clock.now(), |url: &Secret| {
                let answer = pending
                    .take()
                    .map(|pending| pending.redirected(url.expose()));
                let page = answer.as_ref().map_or(Page::Answered, page_for);
                outcome = outcome.take().or(answer);
                page
            });
            if outcome.is_none() && (self.cancelled)() {
                return Err(Error::reauthentication_required(Reason::LoginCancelled));
            }
            if outcome.is_none() && self.clock.now().since(begun) >= self.deadline {
                return Err(Error::reauthentication_required(Reason::LoginTimedOut));
            }
            self.clock.sleep(counter.pause());
        }
        counter.close(&*self.clock);
        outcome.unwrap_or_else(|| Err(Error::reauthentication_required(Reason::LoginTimedOut)))
    }

    /// Begins the login; the server is told first where it has a place for that (RFC 9126).
    fn begin(&self) -> Result<PendingCode> {
        let login = &self.login;
        if login
            .client
            .pushed_authorization_request_endpoint
            .is_empty()
        {
            return login.begin();
        }
        match &self.transport {
            Some(transport) => login.begin_pushed(&**transport),
            None => login.begin_pushed(&HttpTransport::new()),
        }
    }
}

impl fmt::Debug for BrowserLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserLogin")
            .field("login", &self.login)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

fn page_for(answer: &Result<Granted>) -> Page {
    match answer {
        Ok(_) => Page::LoggedIn,
        Err(Error::Refused(refusal)) if refusal.code == ErrorCode::AccessDenied => Page::Declined,
        Err(_) => Page::Failed,
    }
}

/// The default of [`BrowserLogin::show`].
#[expect(
    clippy::print_stderr,
    reason = "somebody sits in front of this and waits"
)]
fn print(url: &str) {
    eprintln!("Open this in a browser on this machine to log in:\n\n    {url}\n");
}
