//! A code that somebody enters elsewhere, while the device waits by a clock of the test's own.

use std::sync::Mutex;
use std::time::Duration;

use auth_core::clock::Clock;
use auth_core::error::{ErrorCode, LoginReason};
use auth_core::http::{Request, Response};
use auth_core::testing::ManualClock;
use auth_core::transport::{HttpTransport, Transport};
use auth_core::{Error, Session};
use oauth2_generic::{DeviceCode, PendingDevice, Result};

use super::browser::Browser;
use super::site::{ALICE, BOB, Site, on_every_form, on_oidc};
use super::transport::Counted;

fn begin(site: &Site, client_id: &str) -> PendingDevice {
    let client = site.client(client_id, "");
    let http = HttpTransport::new();
    DeviceCode { client }.begin(&http).unwrap()
}

fn connect(mut browser: Browser, device: &PendingDevice) {
    browser.enter(device.user_code(), device.verification_uri());
}

/// Waits, and says for how many seconds.
fn wait(pending: PendingDevice, http: &dyn Transport) -> (Result<Session>, u64) {
    let clock = ManualClock::new();
    let start = clock.now();
    let granted = pending.clock(clock.clone()).wait(http).map(Session::new);
    (granted, clock.now().since(start).as_secs())
}

/// A network on which something happens before the request of this number.
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
fn a_device_is_logged_in_by_somebody_elsewhere_and_stays_so() {
    on_every_form(|site| {
        let pending = begin(site, "tv");
        connect(Browser::new(BOB), &pending);
        let (clock, http) = (ManualClock::new(), Counted::default());
        let granted = pending.clock(clock.clone()).wait(&http).unwrap();
        let session = http.session(granted, &clock);
        assert_eq!(site.whoami(&session), BOB.0);
        assert_eq!(session.token().unwrap().scope(), Some("read"));
        clock.advance(Duration::from_secs(3600));
        assert_eq!(site.whoami(&session), BOB.0);
        assert_eq!(http.sent(), 2, "the code once, the refresh token once");
    });
}

#[test]
fn the_device_asks_at_the_servers_pace_until_somebody_has_entered_the_code() {
    on_every_form(|site| {
        let pending = begin(site, "tv");
        let (code, uri) = (
            pending.user_code().to_owned(),
            pending.verification_uri().to_owned(),
        );
        let http = Before {
            request: 3,
            happens: Mutex::new(move || {
                Browser::new(ALICE).enter(&code, &uri);
            }),
            http: Counted::default(),
        };
        let (session, seconds) = wait(pending, &http);
        assert_eq!(site.whoami(&session.unwrap()), "alice");
        assert_eq!((http.http.sent(), seconds), (3, 3 * 5));
    });
}

#[test]
fn the_device_slows_down_when_it_is_told_to() {
    on_oidc(|site| {
        let pending = begin(site, "hasty-tv");
        connect(Browser::new(ALICE), &pending);
        let http = Counted::default();
        let (session, seconds) = wait(pending, &http);
        assert_eq!(site.whoami(&session.unwrap()), "alice");
        assert_eq!((http.sent(), seconds), (2, 5 + 10));
    });
}

#[test]
fn somebody_who_says_no_ends_it() {
    on_every_form(|site| {
        let pending = begin(site, "tv");
        let mut browser = Browser::new(ALICE);
        browser.consents = false;
        connect(browser, &pending);
        let http = Counted::default();
        let error = wait(pending, &http).0.unwrap_err();
        let refusal = error.refusal().expect("the server said why");
        assert_eq!(refusal.code, ErrorCode::AccessDenied);
        assert!(matches!(error, Error::Refused(_)), "{error}");
        assert_eq!(http.sent(), 1);
    });
}

#[test]
fn a_code_that_has_expired_at_the_server_asks_for_another_login() {
    on_oidc(|site| {
        let pending = begin(site, "tv");
        site.expire(&[("user_code", pending.user_code())]);
        let http = Counted::default();
        let error = wait(pending, &http).0.unwrap_err();
        assert!(is_timed_out(&error), "{error}");
        let refusal = error.refusal().expect("the server said why");
        assert_eq!(refusal.code, ErrorCode::ExpiredToken);
        assert_eq!(http.sent(), 1);
    });
}

#[test]
fn a_code_that_nobody_enters_is_given_up_when_its_time_is_over() {
    on_oidc(|site| {
        let pending = begin(site, "brief");
        let life = pending.expires_in();
        let (outcome, seconds) = wait(pending, &Counted::default());
        let error = outcome.unwrap_err();
        assert!(is_timed_out(&error), "{error}");
        assert_eq!((life, seconds), (Duration::from_secs(30), 30));
    });
}

fn is_timed_out(error: &Error) -> bool {
    let why = LoginReason::TimedOut;
    matches!(error, Error::LoginRequired { reason, .. } if *reason == why)
}
