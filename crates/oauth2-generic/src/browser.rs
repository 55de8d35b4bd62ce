//! A login with the browser of this machine's user (RFC 8252).

mod listener;
mod loopback;
mod opening;
mod pages;
mod request;
mod words;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use auth_core::clock::{Clock, SystemClock};
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::grant::TokenResponse;
use auth_core::store::Store;
use auth_core::transport::Transport;
use auth_core::{Error, Result, Session};

use crate::authorization_code::{AuthorizationCode, PendingLogin};
use crate::client::Client;
use crate::grants::RefreshToken;
use listener::{Inbox, Listener, PAUSE, Redirect};
use loopback::Loopback;
use opening::{Launch, Open};
use pages::{Names, Page};

/// A login with the browser of this machine's user (RFC 8252).
///
/// It listens on the loopback interface, opens the browser at the server, waits for the response to this login, trades
/// its code for tokens, shows the user a page with the result, and closes the port. Everything has a default.
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
    is_cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// `None`: as the user or the desktop does it.
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
            is_cancelled: Arc::new(|| false),
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

    /// Sets where this program listens. Default: `http://127.0.0.1/callback` at a free port.
    ///
    /// Without a port, any that is free is taken and filled in, which a server must allow for a literal loopback
    /// address (RFC 8252 §7.3). With a port, that one is used, and the URI is sent character by character as written
    /// here (RFC 6749 §3.1.2.3).
    ///
    /// | URI | listens at |
    /// |---|---|
    /// | empty | `http://127.0.0.1:PORT/callback`, or `[::1]` on a machine without IPv4 |
    /// | `http://127.0.0.1/cb` | `http://127.0.0.1:PORT/cb` |
    /// | `http://[::1]:8400` | `http://[::1]:8400` |
    /// | `http://localhost/cb` | `http://localhost:PORT/cb`, for servers that support no other |
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
    /// A response that has already arrived is used anyway.
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// # use std::sync::atomic::{AtomicBool, Ordering};
    /// # use oauth2_generic::{BrowserLogin, Client, Server};
    /// # let login = BrowserLogin::new(Client::new(Server::new("https://login.example.com/token"), "app"));
    /// let cancelled = Arc::new(AtomicBool::new(false));
    /// let watched = Arc::clone(&cancelled);
    /// let login = login.cancel_when(move || watched.load(Ordering::Relaxed));
    /// // On another thread, when the user clicks on "Cancel":
    /// cancelled.store(true, Ordering::Relaxed);
    /// # let _ = login;
    /// ```
    pub fn cancel_when(mut self, is_cancelled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.is_cancelled = Arc::new(is_cancelled);
        self
    }

    /// Opens the URL in another way. Default: on Unix the programs of `BROWSER` in turn, then the desktop's browser.
    ///
    /// The function is called on a thread of its own, which is left alone if it still runs when the login is over. If
    /// it fails or panics, the URL is [shown](BrowserLogin::show).
    pub fn open_with(
        mut self,
        open: impl Fn(&str) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.open = Some(Arc::new(open));
        self
    }

    /// Shows the URL to the user if no browser could be opened, or if no browser has returned after 10 s (half of a
    /// [`deadline`](BrowserLogin::deadline) shorter than 20 s): a program that opens browsers may report success and
    /// open none. Default: prints it on standard error.
    ///
    /// Called at most once per login. The URL holds no secret, and is of use on this machine alone.
    pub fn show(mut self, show: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.show = Arc::new(show);
        self
    }

    /// [Shows](BrowserLogin::show) the URL at once, even if a browser opens.
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

    /// Opens the browser, waits for the response, and trades its code for tokens.
    ///
    /// `http` sends the code, and announces the login first if the server has an endpoint for that. The page says that
    /// the user is logged in only once the tokens have arrived. A request without the `state` of this login gets a page
    /// with the reason, and the login continues to wait. Each connection has a thread, at most 32 at a time; when this
    /// returns, all have ended, and the port is closed.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server refused the login. [`Error::LoginRequired`] with
    /// [`LoginReason::TimedOut`] or [`LoginReason::Cancelled`] if no response arrived; its source names the redirect URI
    /// and what arrived there instead. [`Error::Configuration`] if `redirect_uri` is not on the loopback interface or its
    /// port is taken, and as [`AuthorizationCode::begin`]. [`Error::Response`] if the response has no code or no token,
    /// or is not from the issuer; otherwise the error of the token endpoint.
    pub fn exchange(&self, http: &dyn Transport) -> Result<TokenResponse> {
        let Loopback { listeners, address } = Loopback::open(self.login.redirect_uri())?;
        let redirect_uri = address.redirect_uri.clone();
        let login = self.login.clone().with_redirect_uri(redirect_uri);
        let pending = login.begin(http)?;
        let inbox = Inbox {
            names: Names::new(&self.app_name, login.client(), &address),
            address,
            state: pending.state().to_owned(),
            clock: &*self.clock,
            received: Mutex::default(),
        };
        thread::scope(|scope| {
            let mut listener = Listener::new(scope, &listeners, &inbox);
            let redirect = self.wait(&mut listener, pending.url());
            let redirect = redirect.map_err(|reason| inbox.error(reason))?;
            let (outcome, page) = self.trade(&pending, redirect.url.expose(), http);
            listener.close(&redirect, page);
            outcome
        })
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

    /// Opens the browser and waits for it to return.
    fn wait(
        &self,
        listener: &mut Listener<'_, '_>,
        url: &str,
    ) -> std::result::Result<Redirect, LoginReason> {
        let begun = self.clock.now();
        let mut launch = match &self.open {
            Some(open) => Launch::by_caller(open, url),
            None => Launch::by_system(url),
        };
        let mut is_shown = false;
        loop {
            listener.accept();
            // Their threads read meanwhile.
            self.clock.sleep(PAUSE);
            if let Some(redirect) = listener.redirect() {
                return Ok(redirect);
            }
            let past = self.clock.now().since(begun);
            let is_cancelled = (self.is_cancelled)();
            if is_cancelled || past >= self.deadline {
                listener.end();
                return listener.redirect().ok_or(match is_cancelled {
                    true => LoginReason::Cancelled,
                    false => LoginReason::TimedOut,
                });
            }
            let is_late = past >= SHOW_AFTER.min(self.deadline / 2);
            if !is_shown && (launch.has_failed() || self.always_show || is_late) {
                (self.show)(url);
                is_shown = true;
            }
        }
    }

    /// Trades the code for tokens, and picks the page for the result.
    fn trade(
        &self,
        pending: &PendingLogin,
        url: &str,
        http: &dyn Transport,
    ) -> (Result<TokenResponse>, Page) {
        let code = match pending.code(url) {
            Ok(code) => code,
            Err(error) => {
                let page = redirect_page(&error);
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
            .field("app_name", &self.app_name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The page for a redirect without a code.
fn redirect_page(error: &Error) -> Page {
    match error {
        Error::Refused(refusal) if refusal.code == ErrorCode::AccessDenied => Page::Declined,
        _ => Page::BadResponse,
    }
}

/// The page for a code that brought no tokens.
fn code_page(error: &Error) -> Page {
    match error {
        Error::Refused(_)
        | Error::Status {
            status: 400 | 401 | 403,
            ..
        } => Page::CodeRefused,
        Error::Configuration { .. } => Page::Misconfigured,
        Error::Response(_) => Page::BadResponse,
        _ => Page::ServerFailed,
    }
}

/// The default of [`BrowserLogin::show`].
#[expect(clippy::print_stderr, reason = "a user is present and waits")]
fn print(url: &str) {
    eprintln!(
        "If no browser has opened, open this in a browser on this machine to log in:\n\n    {url}\n"
    );
}

/// How long a browser may take to return before the URL is shown.
const SHOW_AFTER: Duration = Duration::from_secs(10);
