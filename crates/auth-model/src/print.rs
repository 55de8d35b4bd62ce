//! When two states are the same: 128 bits of all that matters.
//!
//! Left out are times and revisions, which only grow. Attempts, lineages and tokens count by the order
//! in which they are met, and processes by no order at all.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::error::Error;
use crate::rotation::{
    Access, BackOff, Change, Login, Memory, Record, RefreshToken, Renewal, Scope, Stamp,
};
use crate::secret::Secret;

use super::process::{Attempt, Process, Todo, number_of};
use super::server::{Answer, State};
use super::world::{OLD, RIGHT, World};

/// What is put together for one state.
#[derive(Debug, Default)]
pub(crate) struct Print {
    bytes: Vec<u8>,
    names: Vec<u128>,
    tokens: Vec<usize>,
    families: Vec<usize>,
}

impl Print {
    /// The fingerprint of a state, with its processes in the order of their own fingerprints; of those
    /// that look the same in any order, the smallest.
    pub(super) fn of(&mut self, world: &World<'_>) -> u128 {
        let mut prints = [0; 3];
        for (print, process) in prints.iter_mut().zip(&world.processes) {
            *print = self.alone(world, process);
        }
        let orders = ORDERS[world.processes.len()].iter();
        let orders = orders.filter(|order| order.is_sorted_by_key(|at| prints[*at]));
        let prints = orders.map(|order| {
            self.clear();
            self.world(world, order);
            self.finish()
        });
        prints.min().unwrap_or_default()
    }

    fn alone(&mut self, world: &World<'_>, process: &Process) -> u128 {
        let may_fail = world.left.unreachable > 0;
        let print = process
            .print
            .get()
            .filter(|(failed, _)| *failed == may_fail);
        let (_, print) = print.unwrap_or_else(|| {
            self.clear();
            self.process(world, process);
            (may_fail, self.finish())
        });
        process.print.set(Some((may_fail, print)));
        print
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.names.clear();
        self.tokens.clear();
        self.families.clear();
    }

    fn finish(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        hasher.write(&self.bytes);
        hasher.finish128().as_u128()
    }

    fn world(&mut self, world: &World<'_>, order: &[usize]) {
        self.option(world.record.as_deref(), Self::record);
        self.option(world.previous.as_deref(), Self::record);
        self.flag(world.is_restored);
        self.option(world.logout.as_ref(), |to, logout| {
            to.flag(logout.is_over);
            to.flag(!logout.is_over && world.holds(&logout.tombstone));
        });
        for at in order {
            self.process(world, &world.processes[*at]);
        }
        self.number(world.late.len() as u64);
        for request in &world.late {
            self.option(request.as_ref(), |to, token| to.token_number(*token));
        }
        self.bytes.extend(world.left.parts());
        let spare = world.reasons + world.refused - world.logins.min(world.reasons + world.refused);
        self.bytes
            .extend([spare, world.logins, world.wrong, world.refused]);
        // Tokens that nobody knows any more make no difference.
        let mut at = 0;
        while let Some(token) = self.tokens.get(at).copied() {
            self.issued(world, token);
            at += 1;
        }
    }

    fn issued(&mut self, world: &World<'_>, token: usize) {
        let issued = &world.server.issued[token];
        let family = place(&mut self.families, issued.family);
        self.number(family);
        self.number(issued.sent.into());
        self.flag(world.is_logged_out(token));
        match issued.state {
            State::Good => self.number(0),
            State::Revoked => self.number(1),
            State::Spent(successor) => {
                self.number(2);
                self.token_number(successor);
            }
        }
    }

    fn process(&mut self, world: &World<'_>, process: &Process) {
        self.memory(world, &process.memory);
        self.option(process.renewal.as_ref(), |to, renewal| {
            renewal.print(to);
            to.base(world, process.is_current, renewal);
        });
        // What is asked for is what the renewal is at.
        if let Todo::Exchange(_, answer) = &process.todo {
            self.option(answer.as_ref(), |to, answer| match answer {
                Answer::Token(token) => to.token_number(*token),
                Answer::Refused => to.number(NOTHING),
                Answer::Balked => to.number(NOTHING - 1),
                Answer::UnknownClient => to.number(NOTHING - 2),
            });
        }
        self.option(process.attempt.as_ref(), Self::attempt);
        self.stamp(process.held);
        self.stamp(process.rejected);
        self.option(process.known.as_ref(), |to, token| to.token_number(*token));
        self.flag(process.has_given_up);
        self.flag(process.has_code);
        self.flag(process.has_old_secret);
        self.number(process.temper as u64);
    }

    fn attempt(&mut self, attempt: &Attempt) {
        self.name(attempt.number);
        self.stamp(Some(attempt.stamp));
        self.number(attempt.sendings.into());
        self.flag(attempt.is_refresh);
        self.flag(attempt.is_noted);
        self.flag(attempt.has_ended);
        self.option(attempt.got.as_ref(), |to, token| to.token_number(*token));
    }

    /// What a renewal believes to be stored. Who looks next believes nothing; what is old cannot be
    /// changed any more, only served.
    fn base(&mut self, world: &World<'_>, is_current: bool, renewal: &Renewal) {
        let may_fail = world.left.unreachable > 0;
        if renewal.looks_next() && !may_fail && !world.scenario.is_timed() {
            return;
        }
        self.flag(is_current);
        match renewal.base() {
            Some(base) if world.scenario.is_timed() => self.record(base),
            Some(base) if !is_current => {
                self.stamp(Some(base.stamp()));
                self.option(base.login.as_deref(), Self::login);
                self.option(base.in_flight.as_ref(), |to, flight| {
                    to.option(flight.lost.as_ref(), |to, lost| {
                        to.number(lost.reason as u64);
                    });
                });
            }
            _ => {}
        }
    }

    fn memory(&mut self, world: &World<'_>, memory: &Memory) {
        if world.scenario.is_timed() {
            // Only where the store may go back is it compared with what was seen before.
            self.option(memory.newest.as_ref(), Self::record);
        }
        self.option(memory.owed.as_deref(), Self::change);
    }

    pub(crate) fn record(&mut self, record: &Record) {
        self.name(record.lineage);
        self.number(record.generation);
        self.number(record.seed);
        self.option(record.login.as_deref(), Self::login);
        self.option(record.in_flight.as_ref(), |to, flight| {
            to.name(flight.attempt);
            to.number(flight.sendings.into());
            to.flag(flight.period.length().is_zero());
            to.option(flight.lost.as_ref(), |to, lost| {
                to.number(lost.reason as u64);
            });
        });
        let recovery = record.recovery.as_ref();
        self.option(recovery, |to, recovery| to.name(recovery.attempt));
        for scope in SCOPES {
            self.option(record.back_off(scope), Self::back_off);
        }
    }

    fn back_off(&mut self, back_off: &BackOff) {
        let BackOff {
            scope,
            verdict,
            times,
            generation,
            period,
            cause: _,
        } = back_off;
        // So few that no wait gets longer than a caller's patience.
        let is_patient = *scope == Scope::Everyone && *times < 4;
        assert!(
            is_patient || *scope != Scope::Everyone,
            "this many failures make a difference"
        );
        self.number(*verdict as u64);
        if *scope != Scope::Everyone {
            self.number((*times).min(3).into());
        }
        self.number(*generation);
        self.flag(period.length().is_zero());
    }

    pub(crate) fn login(&mut self, login: &Login) {
        self.option(login.access.as_ref(), |to, access: &Access| {
            to.token(&access.token);
        });
        self.option(login.refresh_token.as_ref(), |to, token: &RefreshToken| {
            to.token(&token.secret);
        });
    }

    pub(crate) fn change(&mut self, change: &Change) {
        match change {
            Change::Commit {
                lineage,
                generation,
                login,
                scope: _,
                failed,
            } => {
                self.number(0);
                self.name(*lineage);
                self.number(*generation);
                self.login(login);
                self.option(failed.as_ref(), Self::back_off);
            }
            Change::CommitLogin {
                attempt,
                login,
                failed,
                ..
            } => {
                self.number(1);
                self.name(*attempt);
                self.login(login);
                self.option(failed.as_ref(), Self::back_off);
            }
            Change::Revert { attempt, back_off } => {
                self.number(2);
                self.name(*attempt);
                self.option(back_off.as_ref(), Self::back_off);
            }
            Change::Lose {
                attempt,
                lost,
                back_off,
            } => {
                self.number(3);
                self.name(*attempt);
                self.number(lost.reason as u64);
                self.option(back_off.as_ref(), Self::back_off);
            }
            Change::Release { attempt, back_off } => {
                self.number(4);
                self.name(*attempt);
                self.option(back_off.as_ref(), Self::back_off);
            }
            Change::Seed { .. } => self.number(6),
        }
    }

    /// Whether only a person can help, and why; nothing else of an error decides anything.
    pub(crate) fn error(&mut self, error: &Error) {
        match error {
            Error::ReauthenticationRequired { reason, .. } => self.number(*reason as u64),
            _ => self.number(NOTHING),
        }
    }

    pub(crate) fn stamp(&mut self, stamp: Option<Stamp>) {
        self.option(stamp.as_ref(), |to, stamp| {
            to.name(stamp.lineage);
            to.number(stamp.generation);
        });
    }

    pub(crate) fn token(&mut self, secret: &Secret) {
        self.token_number(number_of(secret));
    }

    fn token_number(&mut self, token: usize) {
        let place = place(&mut self.tokens, token);
        self.number(place);
    }

    /// A random number, of which only matters which others it equals.
    pub(crate) fn name(&mut self, name: u128) {
        let place = place(&mut self.names, name);
        self.number(place);
    }

    pub(crate) fn number(&mut self, number: u64) {
        // Nearly all of them are small.
        match u8::try_from(number) {
            Ok(small) if small < LARGE => self.bytes.push(small),
            _ => {
                self.bytes.push(LARGE);
                self.bytes.extend(number.to_le_bytes());
            }
        }
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.bytes.push(flag.into());
    }

    pub(crate) fn option<T>(&mut self, option: Option<&T>, print: impl FnOnce(&mut Self, &T)) {
        self.flag(option.is_some());
        if let Some(value) = option {
            print(self, value);
        }
    }
}

/// Where a thing is in a list, to which it is added if it is new.
fn place<T: PartialEq>(list: &mut Vec<T>, thing: T) -> u64 {
    let found = list.iter().position(|other| *other == thing);
    found.unwrap_or_else(|| {
        list.push(thing);
        list.len() - 1
    }) as u64
}

/// All that a scenario has.
const SCOPES: [Scope; 5] = [
    Scope::Everyone,
    Scope::Refresh(RIGHT),
    Scope::Refresh(OLD),
    Scope::Login(RIGHT),
    Scope::Login(OLD),
];
const LARGE: u8 = 255;
const NOTHING: u64 = 254;
const ORDERS: [&[&[usize]]; 4] = [
    &[],
    &[&[0]],
    &[&[0, 1], &[1, 0]],
    &[
        &[0, 1, 2],
        &[0, 2, 1],
        &[1, 0, 2],
        &[1, 2, 0],
        &[2, 0, 1],
        &[2, 1, 0],
    ],
];
