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
use std::sync::Arc;
use std::time::Duration;

use auth_core::clock::{Clock, Moment, SystemClock};
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::grant::TokenResponse;
use auth_core::store::Store;
use auth_core::transport::Transport;
use auth_core::{Error, Result, Session};

use crate::authorization_code::{AuthorizationCode, PendingLogin};
use crate::client::Client;
use crate::grants::RefreshToken;
use counter::Counter;
use loopback::Loopback;
use opening::{Open, Opening};
use page::{Failure, Page};
use words::Words;

/// The user of this machine logs in with a browser (RFC 8252).
///
/// It listens on the loopback interface, opens the browser at the server, waits for the one response that belongs to
/// this login, trades its code for tokens, shows the user a page that says what happened, and closes.
///
/// ```no_run
/// use oauth2_generic::store::FileStore;
/// use oauth2_generic::{BrowserLogin, Client, Server};
///
/// let client = Client::new(Server::discover("https://login.example.com")?, "acme-sync");
/// let login = BrowserLogin::new(client).user("me").app_name("Acme Sync");
/// let session = login.session(FileStore::for_program("acme-sync")?)?;
/// // Weeks later, if the server has ended the login: this session and its clones continue with a new one.
/// session.log_in_if_needed(|http| login.exchange(http))?;
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "`session` or `exchange` opens the browser"]
pub struct BrowserLogin {
    login: AuthorizationCode,
    grant: RefreshToken,
    app_name: String,
    deadline: Duration,
    cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    open: Option<Open>,
    show: Arc<dyn Fn(&str) + Send + Sync>,
    always_show: bool,
    clock: Arc<dyn Clock>,
}

impl BrowserLogin {
    /// Logins of this client.
    pub fn new(client: Client) -> Self {
        Self {
            login: AuthorizationCode::new(client.clone(), ""),
            grant: RefreshToken::new(client),
            app_name: String::new(),
            deadline: Duration::from_secs(5 * 60),
            cancelled: Arc::new(|| false),
            open: None,
            show: Arc::new(print),
            always_show: false,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Names the user, in words of your own. It is not sent; it is part of the identity, and a store needs it.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.grant = self.grant.user(name);
        self
    }

    /// Sets the name of this program on the page that the user sees. Default: "the application".
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.app_name = name.into();
        self
    }

    /// Sets where this program listens. Default: `http://127.0.0.1/callback`.
    ///
    /// Without a port, any that is free is taken and filled in, which a server must allow for a
    /// literal loopback address (RFC 8252 §7.3); with a port, it is that one, and the URI is sent
    /// character by character (RFC 6749 §3.1.2.3).
    ///
    /// | `redirect_uri` | listens at |
    /// |---|---|
    /// | the default | `http://127.0.0.1:PORT/callback`, or `[::1]` where the machine has no IPv4 |
    /// | `http://127.0.0.1/cb` | `http://127.0.0.1:PORT/cb` |
    /// | `http://[::1]:8400` | `http://[::1]:8400` |
    /// | `http://localhost/cb` | `http://localhost:PORT/cb`, for servers that accept no other |
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.login = self.login.with_redirect_uri(uri.into());
        self
    }

    /// Adds a parameter to the authorization URL, such as `login_hint` or `prompt`.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.login = self.login.param(name, value);
        self
    }

    /// Sets how long the user may take. Default: five minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Gives up as soon as this returns `true`; it is called many times a second. Default: never.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use oauth2_generic::{BrowserLogin, Client, Server};
    /// # let login = BrowserLogin::new(Client::new(Server::new("https://login.example.com/token"), "app"));
    /// let cancel = Arc::new(AtomicBool::new(false));
    /// let cancelled = Arc::clone(&cancel);
    /// let login = login.cancel_when(move || cancelled.load(Ordering::Relaxed));
    /// // Elsewhere, when the user clicks on "Cancel":
    /// cancel.store(true, Ordering::Relaxed);
    /// # let _ = login;
    /// ```
    pub fn cancel_when(mut self, cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.cancelled = Arc::new(cancelled);
        self
    }

    /// Opens the URL in another way. Default: on Unix the programs of `BROWSER` in turn, then the desktop's browser.
    ///
    /// It is called on a thread of its own, which is left alone if it still runs when the login is over. If it fails
    /// or panics, the URL is [shown](BrowserLogin::show) instead.
    pub fn open_with(
        mut self,
        open: impl Fn(&str) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.open = Some(Arc::new(open));
        self
    }

    /// Shows the URL to the user if no browser could be opened, or if no browser has come back
    /// 10 s later (half of a [`deadline`](BrowserLogin::deadline) that is shorter than 20 s): a program
    /// that opens browsers may claim success and open none. Default: prints it on standard error.
    ///
    /// It is called once at most. The URL holds no secret, and is of use on this machine alone.
    pub fn show(mut self, show: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.show = Arc::new(show);
        self
    }

    /// [Shows](BrowserLogin::show) the URL at once, also if a browser opens. Default: only if none comes back.
    pub fn always_show(mut self) -> Self {
        self.always_show = true;
        self
    }

    /// Sets the clock of the deadline, for tests. Default: the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Returns the grant that lives on such a login.
    pub fn grant(&self) -> RefreshToken {
        self.grant.clone()
    }

    /// Opens the browser, waits for the login, and trades its code for tokens.
    ///
    /// The page says that the user is logged in only if the tokens have arrived. A request that does not repeat the
    /// `state` of this login gets a page that says what is wrong with it, and the waiting continues. Nothing listens any
    /// more when this returns.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server refused. [`Error::LoginRequired`] with [`LoginReason::TimedOut`] or
    /// [`LoginReason::Cancelled`] if no response came; its source names the redirect URI and what came instead.
    /// [`Error::Configuration`] if `redirect_uri` is not on the loopback interface or its port is taken, and as
    /// [`AuthorizationCode::begin`]. [`Error::Response`] if the response has no code or no token, or is not from the
    /// issuer; otherwise the error of the token endpoint.
    pub fn exchange(&self, http: &dyn Transport) -> Result<TokenResponse> {
        let loopback = Loopback::open(self.login.redirect_uri())?;
        let redirect_uri = loopback.address.redirect_uri.clone();
        let login = self.login.clone().with_redirect_uri(redirect_uri);
        let pending = login.begin(http)?;
        let (url, state) = (pending.url().to_owned(), pending.state().to_owned());
        let words = Words::new(&self.app_name, login.client(), &loopback.address);
        let mut counter = Counter::new(loopback, words, state);

        let begun = self.clock.now();
        let mut launch = Opening::new(self.open.clone()).launch(&url);
        let mut is_shown = false;
        loop {
            let now = self.clock.now();
            if let Some(answer) = counter.turn(now) {
                let (outcome, page) = self.finish(&pending, answer.expose(), http);
                counter.answer(page, self.clock.now());
                counter.close(&*self.clock);
                return outcome;
            }
            if (self.cancelled)() {
                return Err(counter.error(LoginReason::Cancelled));
            }
            if !is_shown && (launch.is_in_vain() || self.is_time_to_show(begun, now)) {
                (self.show)(&url);
                is_shown = true;
            }
            if now.since(begun) >= self.deadline {
                return Err(counter.error(LoginReason::TimedOut));
            }
            self.clock.sleep(counter.pause());
        }
    }

    /// Returns a session over the login in this store if it is alive; otherwise opens the browser.
    ///
    /// For other settings of the session, pass [`grant`](BrowserLogin::grant) to
    /// [`Session::builder`] and call [`Session::log_in_if_needed`].
    ///
    /// # Errors
    /// As [`exchange`](BrowserLogin::exchange) and [`Session::log_in_if_needed`]; [`Error::Configuration`] without a
    /// [`user`](BrowserLogin::user).
    pub fn session(&self, store: impl Store + 'static) -> Result<Session> {
        let session = Session::builder(self.grant()).store(store).build()?;
        session.log_in_if_needed(|http| self.exchange(http))?;
        Ok(session)
    }

    fn is_time_to_show(&self, begun: Moment, now: Moment) -> bool {
        self.always_show || now.since(begun) >= SHOW_AFTER.min(self.deadline / 2)
    }

    /// Trades the code; returns the page for the user with the outcome.
    fn finish(
        &self,
        pending: &PendingLogin,
        url: &str,
        http: &dyn Transport,
    ) -> (Result<TokenResponse>, Page) {
        let code = match pending.code(url) {
            Ok(code) => code,
            Err(error) => {
                let page = answer_page(&error);
                return (Err(error), page);
            }
        };
        let outcome = pending.trade_patiently(&code, http, &*self.clock);
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
        Error::Refused(_)
        | Error::Status {
            status: 400 | 401 | 403,
            ..
        } => Failure::Code,
        Error::Configuration { .. } => Failure::Setting,
        Error::Response(_) => Failure::Answer,
        _ => Failure::Server,
    })
}

/// The default of [`BrowserLogin::show`].
#[expect(clippy::print_stderr, reason = "the user reads it and is waited for")]
fn print(url: &str) {
    eprintln!(
        "If no browser has opened, open this in a browser on this machine to log in:\n\n    {url}\n"
    );
}

/// How long a browser that is said to be open may take to come back before the URL is shown.
const SHOW_AFTER: Duration = Duration::from_secs(10);
