//! Does what the state machine of a renewal says: load, swap, send, wait.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::error::{Error, RequestKind, Result};
use crate::grant::LoginKind;
use crate::held::Current;
use crate::observe::Event;
use crate::request::{Readings, TokenRequest};
use crate::rotation::{
    Access, Came, Do, How, Loaded, Login, Notice, Outcome, Period, Renewal, Serve, Stamp,
    Surroundings, Want,
};
use crate::store::{AttemptId, LivenessGuard, Record as StoredRecord, WaitOutcome};
use crate::token::Token;

use super::builder::sends;
use super::{Inner, lock};

/// What a session has in its hands while it renews.
#[derive(Default)]
struct Hands {
    /// What the store holds, as far as we know; the next swap expects it.
    stored: Option<StoredRecord>,
    /// Shows other processes that this one lives.
    guard: Option<LivenessGuard>,
}

impl Inner {
    /// Goes from step to step until there is a token, or nothing left to try now.
    pub(super) fn go_through(&self, ahead: u64, quiet: &Cell<Duration>) -> Result<Token> {
        let logouts = self.logouts.load(Ordering::Acquire);
        let readings = Readings::default();
        let sends = sends(&*self.grant, self.who, &readings);
        let mut renewal = Renewal::new(self.rules, sends.clone(), self.want(ahead));
        let mut hands = Hands::default();
        let mut came = Came::Begun;
        loop {
            let mut notices = Vec::new();
            let todo = renewal.next(
                came,
                &mut lock(&self.memory),
                &mut Around(self.clock()),
                &mut |notice| notices.push(notice),
            );
            // Told with nothing locked: an observer may ask the session.
            notices.iter().for_each(|notice| self.tell_notice(notice));
            came = match todo {
                Do::Load => Came::Loaded(self.load(&mut hands)),
                Do::Swap(record, attempt) => {
                    if let Some(attempt) = attempt {
                        hands.guard = self.store.announce(&self.identity, AttemptId::new(attempt));
                    }
                    let record = record.encode();
                    let swapped = self
                        .store
                        .swap(&self.identity, hands.stored.as_ref(), &record);
                    if swapped.is_ok() {
                        hands.stored = Some(record);
                    }
                    Came::Swapped(swapped)
                }
                Do::Refresh(refresh_token) => self.send(
                    self.grant.refresh_request(&refresh_token),
                    RequestKind::Refresh,
                    &readings,
                ),
                Do::LogIn => {
                    let kind = match self.who {
                        LoginKind::Interactive => RequestKind::Code,
                        LoginKind::Client | LoginKind::Password => RequestKind::Login,
                    };
                    self.send(self.grant.login_request(), kind, &readings)
                }
                Do::Wait(attempt, at_most) => Came::Waited(self.wait(&hands, attempt, at_most)),
                Do::Sleep(wait) => {
                    self.clock().sleep(wait);
                    Came::Slept
                }
                Do::Done(outcome) => match self.conclude(*outcome, logouts, quiet) {
                    Some(result) => return result,
                    // The token has expired since the look at it: this caller waits, too.
                    None => {
                        renewal = Renewal::new(self.rules, sends.clone(), self.want(ahead));
                        Came::Begun
                    }
                },
            };
        }
    }

    fn send(&self, request: Result<TokenRequest>, kind: RequestKind, readings: &Readings) -> Came {
        let started = self.clock().now();
        let answer = request.and_then(|request| {
            let (prover, clock) = (self.prover.as_ref(), self.clock.as_ref());
            let request = request.of_session(prover, clock, readings);
            request.send(&*self.transport)
        });
        let took = self.clock().now().since(started);
        lock(&self.memory).took = took;
        Came::Answered(answer.map_err(|error| error.answering(kind)), started)
    }

    fn want(&self, ahead: u64) -> Want {
        let now = self.clock().now();
        Want {
            held: self.held.stamp(),
            is_valid: self.held.valid(now).is_some(),
            rejected: lock(&self.rejection).as_ref().map(|last| last.stamp),
            ahead,
            new_login: false,
        }
    }

    fn load(&self, hands: &mut Hands) -> Result<Option<Loaded>> {
        hands.stored = self.store.load(&self.identity)?;
        hands.stored.as_ref().map(Loaded::decode).transpose()
    }

    /// Returns `true` if the process that holds the attempt is known to have exited.
    fn wait(&self, hands: &Hands, attempt: u128, at_most: Duration) -> bool {
        if self
            .store
            .has_exited(&self.identity, AttemptId::new(attempt))
        {
            return true;
        }
        let waited = self
            .store
            .wait(&self.identity, hands.stored.as_ref(), at_most);
        if matches!(waited, Err(_) | Ok(WaitOutcome::Unsupported)) {
            self.clock().sleep(at_most);
        }
        false
    }

    /// None if somebody else renews, and there is no valid token meanwhile.
    fn conclude(
        &self,
        outcome: Outcome,
        logouts: u64,
        quiet: &Cell<Duration>,
    ) -> Option<Result<Token>> {
        match outcome {
            Outcome::Serve(serve) => {
                if serve.is_due {
                    quiet.set(LOOK_AGAIN);
                }
                Some(self.serve(&serve, logouts))
            }
            Outcome::ServeOnce(login) => {
                let access = login.access.clone();
                let token = access.and_then(|access| self.presented(access, Stamp::default()));
                Some(token.ok_or_else(nothing_to_serve))
            }
            Outcome::Busy => {
                let token = self.held.valid(self.clock().now())?;
                quiet.set(LOOK_AGAIN);
                self.tell(&Event::ServedWhileRenewing);
                Some(Ok(token))
            }
            Outcome::Failed(error) => {
                quiet.set(self.rest_after(&error));
                Some(Err(error))
            }
        }
    }

    fn serve(&self, serve: &Serve, logouts: u64) -> Result<Token> {
        let now = self.clock().now();
        let current = self
            .current(&serve.login, serve.stamp, now)
            .ok_or_else(nothing_to_serve)?;
        let token = current.token.clone();
        {
            // A logout takes this lock, too.
            let _memory = lock(&self.memory);
            if self.logouts.load(Ordering::Acquire) != logouts {
                // This call still gets its token, nobody else does.
                return Ok(token);
            }
            let fresh_for = if serve.is_due { 0 } else { serve.fresh_for };
            self.held.set(Some(Current {
                fresh_for,
                ..current
            }));
        }
        let expires_at = token.expires_at();
        let took = lock(&self.memory).took;
        match serve.how {
            How::Obtained => self.tell(&Event::LoggedIn { expires_at, took }),
            How::Adopted => self.tell(&Event::Adopted { expires_at }),
            How::Kept => {}
            How::Refreshed { rotated } => self.tell(&Event::Refreshed {
                expires_at,
                rotated,
                took,
            }),
        }
        Ok(token)
    }

    /// The token of a login with its times by this machine's clocks.
    pub(super) fn current(&self, login: &Login, stamp: Stamp, now: Moment) -> Option<Current> {
        let access: &Access = login.access.as_ref()?;
        Some(Current {
            token: self.presented(access.clone(), stamp)?,
            issued: access.issued(now)?,
            life: access.life,
            fresh_for: crate::backoff::fresh_for(access.life, self.rules.renew_ahead),
        })
    }

    /// The token as the API wants it; none if no header may hold it.
    fn presented(&self, access: Access, stamp: Stamp) -> Option<Token> {
        Token::new(access, stamp, self.presentation().as_ref().ok()?)
    }

    /// How long a token that is still valid is served without another look.
    fn rest_after(&self, error: &Error) -> Duration {
        let now = self.clock().now();
        let memory = lock(&self.memory);
        let newest = memory.newest.as_ref();
        let waits = newest.into_iter().flat_map(|record| &record.back_offs);
        let wait = match error {
            Error::BackOff { wait, .. } => *wait,
            Error::LoginRequired { .. } => LOOK_FOR_OTHERS,
            Error::Store { .. } => LOOK_AGAIN,
            _ => waits
                .map(|back_off| back_off.period.left(now))
                .max()
                .unwrap_or_default(),
        };
        wait.min(LOOK_FOR_OTHERS)
    }

    fn tell_notice(&self, notice: &Notice) {
        match notice {
            Notice::Failed(Error::Refused(refusal)) => self.tell(&Event::Refused { refusal }),
            // A login may follow a refusal without a code, and then no caller gets to know of it.
            Notice::Failed(error @ Error::Response(_)) => log::warn!("{}: {error}", self.identity),
            Notice::Failed(error @ Error::Status { .. }) if !error.is_transient() => {
                log::warn!("{}: {error}", self.identity);
            }
            Notice::Failed(_) => {}
            Notice::Retry(error, wait) => self.tell(&Event::Retry { error, wait: *wait }),
            Notice::Waiting => self.tell(&Event::Waiting),
            Notice::NotStored(error) => self.tell(&Event::NotStored { error }),
            Notice::Stored => self.tell(&Event::Stored),
            Notice::WentBack => self.tell(&Event::StoreWentBack),
        }
    }
}

/// The machine's clock and its random numbers.
struct Around<'a>(&'a dyn Clock);

impl Surroundings for Around<'_> {
    fn now(&self) -> Moment {
        self.0.now()
    }

    fn is_over(&self, period: Period) -> bool {
        period.left(self.0.now()).is_zero()
    }

    fn number(&mut self) -> u128 {
        random()
    }
}

/// A number that nobody has had before, nor a copy of this process or machine.
pub(super) fn random() -> u128 {
    let mut bytes = [0; 16];
    if getrandom::getrandom(&mut bytes).is_err() {
        // A system without randomness: as different as the rest of it allows.
        bytes = fastrand::u128(..).to_le_bytes();
    }
    u128::from_le_bytes(bytes).max(1)
}

fn nothing_to_serve() -> Error {
    Error::response("its access token has a character that no header may hold")
}

/// How soon the store is asked again whether another process has renewed the token.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// The same where this session has to wait, or a person must help: another session may have logged in.
const LOOK_FOR_OTHERS: Duration = Duration::from_secs(60);
