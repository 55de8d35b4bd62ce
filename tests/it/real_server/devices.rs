//! A code that the user enters on another device; the waiting device has a clock that the test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::Transport;
use auth_core::{Error, Session};
use oauth2_generic::{DeviceLogin, DevicePrompt, Result};

use super::site::{ALICE, BOB, Browser, Site, on_every_form, on_oidc};
use super::transport::Counted;

/// A device whose clock the test moves.
struct Device {
    login: DeviceLogin,
    clock: ManualClock,
}

impl Device {
    /// A device that shows its code to `shown`, which may enter it.
    fn new(
        site: &Site,
        client_id: &str,
        shown: impl Fn(&DevicePrompt) + Send + Sync + 'static,
    ) -> Self {
        let clock = ManualClock::new();
        let login = DeviceLogin::new(site.client(client_id, ""));
        let login = login.show(shown).clock(clock.clone());
        Self { login, clock }
    }

    /// Waits for the login, and returns it with the number of seconds it took.
    fn wait(&self, http: &dyn Transport) -> (Result<Session>, u64) {
        let start = self.clock.now();
        let tokens = self.login.exchange(http);
        let session = tokens.and_then(|tokens| {
            let builder = Session::builder(self.login.grant()).tokens(tokens);
            builder.clock(self.clock.clone()).build()
        });
        (session, self.clock.now().since(start).as_secs())
    }
}

fn enter(browser: Browser) -> impl Fn(&DevicePrompt) + Send + Sync + 'static {
    let browser = Mutex::new(browser);
    move |prompt| {
        let mut browser = browser.lock().unwrap();
        browser.enter(&prompt.user_code, &prompt.verification_uri);
    }
}

/// A transport that calls `happens` before the request with this number.
struct Before<F> {
    request: usize,
    happens: Mutex<F>,
    http: Counted,
}

impl<F: FnMut() + Send> Transport for Before<F> {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        if self.http.sent() + 1 == self.request {
            (self.happens.lock().unwrap())();
        }
        self.http.send(request)
    }
}

#[test]
fn a_device_is_logged_in_from_elsewhere_and_renews() {
    on_every_form(|site| {
        let device = Device::new(site, "tv", enter(Browser::new(BOB)));
        let http = Counted::default();
        let tokens = device.login.exchange(&http).unwrap();
        let session = Session::builder(device.login.grant()).tokens(tokens);
        let session = session.transport(http.clone()).clock(device.clock.clone());
        let session = session.build().unwrap();
        assert_eq!(site.whoami(&session), BOB.0);
        assert_eq!(session.token().unwrap().scope(), Some("read"));
        device.clock.advance(Duration::from_secs(3600));
        assert_eq!(site.whoami(&session), BOB.0);
        assert_eq!(http.sent(), 3, "the device code, its trade, a refresh");
    });
}

#[test]
fn a_device_polls_at_the_servers_pace_until_code_entry() {
    on_every_form(|site| {
        let shown = Arc::<Mutex<Option<DevicePrompt>>>::default();
        let keep = Arc::clone(&shown);
        let device = Device::new(site, "tv", move |prompt| {
            *keep.lock().unwrap() = Some(prompt.clone());
        });
        let http = Before {
            request: 4,
            happens: Mutex::new(move || {
                let prompt = shown.lock().unwrap().clone().expect("it was shown");
                Browser::new(ALICE).enter(&prompt.user_code, &prompt.verification_uri);
            }),
            http: Counted::default(),
        };
        let (session, seconds) = device.wait(&http);
        assert_eq!(site.whoami(&session.unwrap()), "alice");
        assert_eq!((http.http.sent(), seconds), (1 + 3, 3 * 5));
    });
}

#[test]
fn the_device_slows_down_on_request() {
    on_oidc(|site| {
        let device = Device::new(site, "hasty-tv", enter(Browser::new(ALICE)));
        let http = Counted::default();
        let (session, seconds) = device.wait(&http);
        assert_eq!(site.whoami(&session.unwrap()), "alice");
        assert_eq!((http.sent(), seconds), (1 + 2, 5 + 10));
    });
}

#[test]
fn a_user_who_refuses_ends_the_login() {
    on_every_form(|site| {
        let mut browser = Browser::new(ALICE);
        browser.consents = false;
        let http = Counted::default();
        let error = Device::new(site, "tv", enter(browser)).wait(&http).0;
        let error = error.unwrap_err();
        let refusal = error.refusal().expect("the server names a reason");
        assert_eq!(refusal.code, ErrorCode::AccessDenied);
        assert!(matches!(error, Error::Refused(_)), "{error}");
        assert_eq!(http.sent(), 1 + 1);
    });
}

#[test]
fn a_code_expired_at_the_server_requires_another_login() {
    on_oidc(|site| {
        let here = *site;
        let device = Device::new(site, "tv", move |prompt| {
            here.expire(&[("user_code", prompt.user_code.as_str())]);
        });
        let http = Counted::default();
        let error = device.wait(&http).0.unwrap_err();
        assert!(is_timed_out(&error), "{error}");
        let refusal = error.refusal().expect("the server names a reason");
        assert_eq!(refusal.code, ErrorCode::ExpiredToken);
        assert_eq!(http.sent(), 1 + 1);
    });
}

#[test]
fn a_code_that_is_not_entered_is_given_up_in_time() {
    on_oidc(|site| {
        let device = Device::new(site, "brief", |prompt| {
            assert_eq!(prompt.expires_in, Duration::from_secs(30));
        });
        let (outcome, seconds) = device.wait(&Counted::default());
        let error = outcome.unwrap_err();
        assert!(is_timed_out(&error), "{error}");
        assert_eq!(seconds, 30);
    });
}

fn is_timed_out(error: &Error) -> bool {
    let why = LoginReason::TimedOut;
    matches!(error, Error::LoginRequired { reason, .. } if *reason == why)
}
