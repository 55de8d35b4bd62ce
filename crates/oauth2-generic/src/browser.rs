//! A login in which a person only clicks (RFC 8252).

mod arrived;
mod connection;
mod counter;
mod loopback;
mod opening;
mod page;
mod request;
mod words;

use std::fmt;
use std::io;
use std::time::Duration;

use auth_core::{
    Clock, Error, ErrorCode, HttpTransport, Moment, Reason, Result, SystemClock, Transport,
};

use crate::authorization_code::{AuthorizationCode, Granted, PendingCode};
use counter::Counter;
use loopback::Loopback;
use opening::Opening;
use page::{Failure, Page};
use words::Words;

/// A login in the browser of the person in front of this machine, in one call.
///
/// It listens on the loopback interface, opens the browser at the server, waits for the one answer
/// that belongs to this login, trades its code for the first token, shows the person a page that says
/// what happened, and closes. Everything has a default; [`log_in`](BrowserLogin::log_in) does it.
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
    always_show: bool,
    transport: Option<Box<dyn Transport>>,
    clock: Box<dyn Clock>,
}

type Show = Box<dyn FnOnce(&str) + Send>;

impl AuthorizationCode {
    /// Lets the person in front of this machine log in with a browser.
    ///
    /// Here [`redirect_uri`](AuthorizationCode::redirect_uri) is where this program listens.
    /// Without a port, any that is free is taken and filled in, which a server must allow for a
    /// literal loopback address (RFC 8252 §7.3); with a port, it is that one, and the URI is sent
    /// character by character as it stands here (RFC 6749 §3.1.2.3).
    ///
    /// | `redirect_uri` | listens at |
    /// |---|---|
    /// | empty | `http://127.0.0.1:PORT/callback`, or `[::1]` where there is no IPv4 |
    /// | `http://127.0.0.1/cb` | `http://127.0.0.1:PORT/cb` |
    /// | `http://[::1]:8400` | `http://[::1]:8400` |
    /// | `http://localhost/cb` | `http://localhost:PORT/cb`, for servers that know no other |
    pub fn browser(self) -> BrowserLogin {
        BrowserLogin {
            login: self,
            app_name: String::new(),
            deadline: Duration::from_secs(5 * 60),
            cancelled: Box::new(|| false),
            opening: Opening::System,
            show: Some(Box::new(print)),
            always_show: false,
            transport: None,
            clock: Box::new(SystemClock::new()),
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

    /// Opens the browser. Default: on Unix the programs of `BROWSER` in turn, then the one that the desktop would open.
    ///
    /// It is called on a thread of its own, which is left alone if it still runs when the login is over. If it fails
    /// or panics, the URL is [shown](BrowserLogin::show) instead.
    pub fn open_with(mut self, open: impl FnOnce(&str) -> io::Result<()> + Send + 'static) -> Self {
        self.opening = Opening::With(Box::new(open));
        self
    }

    /// Shows the URL to the person if no browser could be opened, or if no browser has come back
    /// 10 s later (half of a [`deadline`](BrowserLogin::deadline) that is shorter than 20 s): a program
    /// that opens browsers may claim success and open none. Default: on standard error.
    ///
    /// Called once at most. The URL holds no secret, and is of use on this machine alone.
    pub fn show(mut self, show: impl FnOnce(&str) + Send + 'static) -> Self {
        self.show = Some(Box::new(show));
        self
    }

    /// [Shows](BrowserLogin::show) the URL at once, also if a browser opens. Default: only if none comes back.
    pub fn always_show(mut self) -> Self {
        self.always_show = true;
        self
    }

    /// Sets the transport that trades the code for the first token, and that tells the server of the
    /// login first if the client names a
    /// [`pushed_authorization_request_endpoint`](crate::Client::pushed_authorization_request_endpoint).
    /// Default: an [`HttpTransport`]. A session that has a transport of its own needs the same here.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// What time it is, for the deadline. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Opens the browser, waits for the answer, and trades its code for the first token.
    ///
    /// The page says that the person is logged in only if the token is there. Returns a new login with
    /// that token: a session that is built on it replaces the login in its store. The life of the token
    /// counts from its first use, so build the session at once.
    ///
    /// What does not repeat the `state` of this login gets a page that says what is wrong with it, and
    /// the waiting continues. Nothing listens any more when this returns.
    ///
    /// # Errors
    /// [`Error::Refused`] if the person or the server refused the login. [`Error::ReauthenticationRequired`]
    /// with [`Reason::LoginTimedOut`] or [`Reason::LoginCancelled`] if no answer came, whose source
    /// names the redirect URI and what came instead, and with [`Reason::CodeSpent`] if the server refused
    /// the code. [`Error::Network`] or [`Error::Status`] if the token endpoint could not be asked.
    /// [`Error::Configuration`] if `redirect_uri` is not on the loopback interface or its port is
    /// taken, and as [`begin`](AuthorizationCode::begin) or
    /// [`begin_pushed`](AuthorizationCode::begin_pushed). [`Error::Answer`] if the answer has no code
    /// or no token, or is not from `issuer`.
    pub fn log_in(mut self) -> Result<Granted> {
        let loopback = Loopback::open(&self.login.redirect_uri)?;
        self.login.redirect_uri = loopback.address.redirect_uri.clone();
        let http = self.transport.take();
        let http = http.unwrap_or_else(|| Box::new(HttpTransport::new()));
        let pending = self.begin(&*http)?;
        let (url, state) = (pending.url().to_owned(), pending.state().to_owned());
        let words = Words::new(&self.app_name, &self.login.client, &loopback.address);
        let mut counter = Counter::new(loopback, words, state);

        let begun = self.clock.now();
        let mut launch = self.opening.launch(&url);
        loop {
            let now = self.clock.now();
            if let Some(answer) = counter.turn(now) {
                let (outcome, page) = self.finish(pending, answer.expose(), &*http);
                counter.answer(page, self.clock.now());
                counter.close(&*self.clock);
                return outcome;
            }
            if (self.cancelled)() {
                return Err(counter.error(Reason::LoginCancelled));
            }
            if (launch.is_in_vain() || self.is_time_to_show(begun, now))
                && let Some(show) = self.show.take()
            {
                show(&url);
            }
            if now.since(begun) >= self.deadline {
                return Err(counter.error(Reason::LoginTimedOut));
            }
            self.clock.sleep(counter.pause());
        }
    }

    /// Begins the login; the server is told first where it has a place for that (RFC 9126).
    fn begin(&self, http: &dyn Transport) -> Result<PendingCode> {
        let login = &self.login;
        match login.client.pushed_authorization_request_endpoint.as_str() {
            "" => login.begin(),
            _ => login.begin_pushed(http),
        }
    }

    fn is_time_to_show(&self, begun: Moment, now: Moment) -> bool {
        self.always_show || now.since(begun) >= SHOW_AFTER.min(self.deadline / 2)
    }

    /// Trades the code, and says what the person shall see.
    fn finish(
        &self,
        pending: PendingCode,
        url: &str,
        http: &dyn Transport,
    ) -> (Result<Granted>, Page) {
        let granted = match pending.redirected(url) {
            Ok(granted) => granted,
            Err(error) => {
                let page = answer_page(&error);
                return (Err(error), page);
            }
        };
        let outcome = granted.traded(http, &*self.clock);
        let page = outcome.as_ref().map_or_else(code_page, |_| Page::LoggedIn);
        (outcome, page)
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

/// The page for an answer that brought no code.
fn answer_page(error: &Error) -> Page {
    match error {
        Error::Refused(refusal) if refusal.code == ErrorCode::AccessDenied => Page::Declined,
        _ => Page::Failed(Failure::Answer),
    }
}

/// The page for a code that brought no token.
fn code_page(error: &Error) -> Page {
    Page::Failed(match error {
        Error::Refused(_) | Error::ReauthenticationRequired { .. } => Failure::Code,
        Error::Configuration(_) => Failure::Setting,
        Error::Answer(_) => Failure::Answer,
        _ => Failure::Server,
    })
}

/// The default of [`BrowserLogin::show`].
#[expect(
    clippy::print_stderr,
    reason = "somebody sits in front of this and waits"
)]
fn print(url: &str) {
    eprintln!(
        "If no browser has opened, open this in a browser on this machine to log in:\n\n    {url}\n"
    );
}

/// How long a browser that is said to be open may take to come back before the URL is shown.
const SHOW_AFTER: Duration = Duration::from_secs(10);
