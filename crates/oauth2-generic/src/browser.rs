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

use auth_core::{Clock, Error, ErrorCode, Reason, Result, SystemClock, TokenResponse, Transport};

use crate::authorization_code::{AuthorizationCode, PendingCode};
use listener::{Inbox, Listener, PAUSE, Redirect};
use loopback::Loopback;
use opening::{Launch, Open};
use pages::{Names, Page};

/// A login with the browser of this machine's user, in one call.
///
/// [`exchange`](BrowserLogin::exchange) listens on the loopback interface, opens the browser at the server, waits for
/// the response to this login, trades its code for tokens, shows the user a page with the result, and closes the
/// port. Everything has a default.
///
/// ```no_run
/// use oauth2_generic::{AuthorizationCode, Client, HttpTransport, RefreshToken, Session};
///
/// let client = Client {
///     token_endpoint: "https://login.example.com/token".into(),
///     authorization_endpoint: "https://login.example.com/authorize".into(),
///     issuer: "https://login.example.com".into(),
///     client_id: "acme-sync".into(),
///     ..Client::default()
/// };
/// let grant = RefreshToken { client: client.clone(), ..RefreshToken::default() };
/// let login = AuthorizationCode { client, ..AuthorizationCode::default() };
///
/// let tokens = login.browser().app_name("Acme Sync").exchange(&HttpTransport::new())?;
/// let session = Session::builder(grant).response(tokens).build();
/// # Ok::<(), oauth2_generic::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "`exchange` opens the browser"]
pub struct BrowserLogin {
    login: AuthorizationCode,
    app_name: String,
    deadline: Duration,
    is_cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
    /// `None`: as the user or the desktop does it.
    open: Option<Open>,
    show: Arc<dyn Fn(&str) + Send + Sync>,
    always_show: bool,
    clock: Arc<dyn Clock>,
}

impl AuthorizationCode {
    /// Lets the user of this machine log in with a browser. The `redirect_uri` is that of
    /// [`BrowserLogin::redirect_uri`].
    pub fn browser(self) -> BrowserLogin {
        BrowserLogin {
            login: self,
            app_name: String::new(),
            deadline: Duration::from_secs(5 * 60),
            is_cancelled: Arc::new(|| false),
            open: None,
            show: Arc::new(print),
            always_show: false,
            clock: Arc::new(SystemClock),
        }
    }
}

impl BrowserLogin {
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
        self.login.redirect_uri = uri.into();
        self
    }

    /// Adds a parameter to the authorization URL, such as `login_hint` or `prompt`.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.login.parameters.push((name.into(), value.into()));
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
    /// # use oauth2_generic::AuthorizationCode;
    /// # let login = AuthorizationCode::default().browser();
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

    /// Opens the browser, waits for the response, and trades its code for tokens.
    ///
    /// `http` sends the code, and announces the login first if the client has a
    /// [`pushed_authorization_request_endpoint`](crate::Client::pushed_authorization_request_endpoint). The page says
    /// that the user is logged in only once the tokens have arrived. A request without the `state` of this login gets
    /// a page with the reason, and the login continues to wait. Each connection has a thread, at most 32 at a time;
    /// when this returns, all have ended, and the port is closed.
    ///
    /// # Errors
    /// [`Error::Refused`] if the user or the server refused the login. [`Error::ReauthenticationRequired`] with
    /// [`Reason::LoginTimedOut`] or [`Reason::LoginCancelled`] if no response arrived; its source names the redirect
    /// URI and what arrived there instead. The same with [`Reason::CodeSpent`] if the server refused the code.
    /// [`Error::Network`] or [`Error::Status`] if the token endpoint could not be reached or failed.
    /// [`Error::Configuration`] if `redirect_uri` is not on the loopback interface or its port is taken, and as
    /// [`begin`](AuthorizationCode::begin) or [`begin_pushed`](AuthorizationCode::begin_pushed). [`Error::Answer`] if
    /// the response has no code or no token, or is not from `issuer`.
    pub fn exchange(&self, http: &dyn Transport) -> Result<TokenResponse> {
        let Loopback { listeners, address } = Loopback::open(&self.login.redirect_uri)?;
        let mut login = self.login.clone();
        login.redirect_uri.clone_from(&address.redirect_uri);
        let pending = begin(&login, http)?;
        let inbox = Inbox {
            names: Names::new(&self.app_name, &login.client, &address),
            address,
            state: pending.state().to_owned(),
            clock: &*self.clock,
            received: Mutex::default(),
        };
        thread::scope(|scope| {
            let mut listener = Listener::new(scope, &listeners, &inbox);
            let redirect = self.wait(&mut listener, pending.url());
            let redirect = redirect.map_err(|reason| inbox.error(reason))?;
            let (outcome, page) = self.trade(pending, redirect.url.expose(), http);
            listener.close(&redirect, page);
            outcome
        })
    }

    /// Opens the browser and waits for it to return.
    fn wait(
        &self,
        listener: &mut Listener<'_, '_>,
        url: &str,
    ) -> std::result::Result<Redirect, Reason> {
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
                    true => Reason::LoginCancelled,
                    false => Reason::LoginTimedOut,
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
        pending: PendingCode,
        url: &str,
        http: &dyn Transport,
    ) -> (Result<TokenResponse>, Page) {
        let granted = match pending.redirected(url) {
            Ok(granted) => granted,
            Err(error) => {
                let page = redirect_page(&error);
                return (Err(error), page);
            }
        };
        let outcome = granted.exchange(http, &*self.clock);
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

/// Begins the login; announces it first where the server supports that (RFC 9126).
fn begin(login: &AuthorizationCode, http: &dyn Transport) -> Result<PendingCode> {
    match login.client.pushed_authorization_request_endpoint.as_str() {
        "" => login.begin(),
        _ => login.begin_pushed(http),
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
        Error::Refused(_) | Error::ReauthenticationRequired { .. } => Page::CodeRefused,
        Error::Configuration(_) => Page::Misconfigured,
        Error::Answer(_) => Page::BadResponse,
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
