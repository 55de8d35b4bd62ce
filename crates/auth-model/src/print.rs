//! When two states are the same: 128 bits of all that matters.
//!
//! Left out are times and revisions, which only grow. Attempts, lineages and tokens count by the order
//! in which they are met, and processes by no order at all.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::error::Error;
use crate::login::inside::{After, Kind, Loss, Next, RefreshToken, Renewal, Swapping};
use crate::login::{
    Access, AttemptId, BackOff, Change, How, LogIn, Memory, Period, Record, Refresh, Scope, Stamp,
    Tokens,
};
use crate::secret::Secret;

use super::process::{Attempt, Process, Todo, number_of};
use super::server::{Answer, State};
use super::world::{OLD, RIGHT, World};

/// The fingerprint of one state, in the making.
#[derive(Debug, Default)]
pub(super) struct Print {
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
        // Tokens that no process holds any more make no difference.
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
        self.todo(&process.todo);
        if let Some(renewal) = process.todo.renewal() {
            self.renewal(renewal);
            let looks_next = matches!(process.todo, Todo::Wait(_) | Todo::Sleep(_));
            self.base(world, process.is_current, looks_next, renewal);
        }
        self.option(process.attempt.as_ref(), Self::attempt);
        self.stamp(process.held);
        self.stamp(process.rejected);
        self.option(process.known.as_ref(), |to, token| to.token_number(*token));
        self.flag(process.has_given_up);
        self.flag(process.has_old_secret);
        self.number(process.temper as u64);
    }

    fn attempt(&mut self, attempt: &Attempt) {
        self.name(attempt.number.0);
        self.stamp(Some(attempt.stamp));
        self.number(attempt.sendings.into());
        self.flag(attempt.is_refresh);
        self.flag(attempt.is_noted);
        self.flag(attempt.has_ended);
        self.option(attempt.got.as_ref(), |to, token| to.token_number(*token));
    }

    /// The step that a renewal is at, but for the base and for records that are made of it.
    fn todo(&mut self, todo: &Todo) {
        match todo {
            Todo::Ask => self.number(0),
            Todo::Swap(swap) => match &swap.swapping {
                Swapping::WriteBack => {
                    self.number(1);
                    self.record(&swap.record);
                }
                Swapping::Settle(change) => {
                    self.number(2);
                    self.change(change);
                }
                Swapping::Note(attempt, kind, secret) => {
                    self.number(3);
                    self.name(attempt.0);
                    self.flag(*kind == Kind::Refresh);
                    self.option(secret.as_ref(), Self::token);
                }
                Swapping::Change(change, after) => {
                    self.number(4);
                    self.change(change);
                    self.after(after);
                }
            },
            Todo::Exchange(request, answer, response) => {
                self.number(5);
                self.name(response.attempt.0);
                self.flag(response.kind == Kind::Refresh);
                self.option(request.as_ref(), |to, token| to.token_number(*token));
                self.option(answer.as_ref(), |to, answer| match answer {
                    Answer::Token(token) => to.token_number(*token),
                    Answer::Refused => to.number(NOTHING),
                    Answer::Balked => to.number(NOTHING - 1),
                    Answer::UnknownClient => to.number(NOTHING - 2),
                });
            }
            Todo::Wait(other) => {
                self.number(6);
                self.name(other.attempt.0);
            }
            Todo::Sleep(_) => self.number(7),
        }
    }

    fn after(&mut self, after: &After) {
        match after {
            After::Serve(access, how) => {
                self.number(match how {
                    How::Obtained => 0,
                    How::Refreshed { .. } => 1,
                    How::Adopted => 2,
                    How::Kept => 8,
                });
                self.access(access);
            }
            After::Fail(error, next) => {
                self.number(match next {
                    Next::Now => 3,
                    Next::After(_) if next.is_soon() => 5,
                    Next::After(_) => 4,
                    Next::Stop => 6,
                });
                self.error(error);
            }
            After::Decide => self.number(7),
        }
    }

    fn renewal(&mut self, renewal: &Renewal) {
        let Renewal {
            rules: _,
            sends: _,
            want,
            base: _,
            retries,
            sighting: _,
            waited: _,
            ended,
            kept,
        } = renewal;
        self.stamp(want.held);
        self.stamp(want.rejected);
        self.stamp(*kept);
        self.flag(want.is_valid);
        self.number(want.ahead);
        self.number((*retries).into());
        self.name(ended.unwrap_or_default().0);
    }

    /// The record that a renewal believes to be stored. A process that looks next believes nothing; an
    /// old record cannot be changed any more, only served.
    fn base(&mut self, world: &World<'_>, is_current: bool, looks_next: bool, renewal: &Renewal) {
        let may_fail = world.left.unreachable > 0;
        if looks_next && !may_fail && !world.scenario.is_timed() {
            return;
        }
        self.flag(is_current);
        match &renewal.base {
            Some(base) if world.scenario.is_timed() => self.record(base),
            Some(base) if !is_current => {
                self.stamp(Some(base.stamp()));
                self.option(base.access.as_deref(), Self::access);
                self.option(
                    base.refresh.token().map(|token| &**token),
                    Self::refresh_token,
                );
                match &base.refresh {
                    Refresh::Absent | Refresh::Ready(_) => self.number(0),
                    Refresh::InFlight { .. } => self.number(1),
                    Refresh::Lost { loss, .. } => {
                        self.number(2);
                        self.loss(loss);
                    }
                }
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

    fn record(&mut self, record: &Record) {
        let Record {
            lineage,
            born: _,
            revision: _,
            generation,
            access,
            refresh,
            login,
            back_offs,
            seed,
        } = record;
        self.name(lineage.0);
        self.number(generation.0);
        self.option(seed.as_ref(), |to, seed| to.number(seed.0));
        self.option(access.as_deref(), Self::access);
        self.refresh(refresh);
        match login {
            LogIn::Idle => self.number(0),
            LogIn::InProgress { attempt, period: _ } => {
                self.number(1);
                self.name(attempt.0);
            }
        }
        for scope in SCOPES {
            self.option(
                back_offs.iter().find(|it| it.scope == scope),
                Self::back_off,
            );
        }
    }

    fn refresh(&mut self, refresh: &Refresh) {
        match refresh {
            Refresh::Absent => self.number(0),
            Refresh::Ready(token) => {
                self.number(1);
                self.refresh_token(token);
            }
            Refresh::InFlight {
                token,
                attempt: AttemptId(attempt),
                sendings,
                period,
            } => {
                self.number(2);
                self.refresh_token(token);
                self.name(*attempt);
                self.number((*sendings).into());
                self.is_zero(*period);
            }
            Refresh::Lost {
                token,
                attempt: AttemptId(attempt),
                sendings,
                loss,
            } => {
                self.number(3);
                self.refresh_token(token);
                self.name(*attempt);
                self.number((*sendings).into());
                self.loss(loss);
            }
        }
    }

    fn loss(&mut self, loss: &Loss) {
        let Loss { reason, cause: _ } = loss;
        self.number(*reason as u64);
    }

    fn is_zero(&mut self, period: Period) {
        let Period { since, until } = period;
        self.flag(until <= since);
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
        self.number(generation.0);
        self.is_zero(*period);
    }

    fn tokens(&mut self, tokens: &Tokens) {
        let Tokens { access, refresh } = tokens;
        self.option(access.as_deref(), Self::access);
        self.option(refresh.as_deref(), Self::refresh_token);
    }

    fn access(&mut self, access: &Access) {
        let Access {
            token,
            token_type: _,
            issued: _,
            life: _,
            is_known: _,
            scope: _,
            extra: _,
        } = access;
        self.token(token);
    }

    fn refresh_token(&mut self, token: &RefreshToken) {
        let RefreshToken {
            secret,
            issued: _,
            life: _,
        } = token;
        self.token(secret);
    }

    /// A change that is about to be made, or owed.
    fn change(&mut self, change: &Change) {
        match change {
            Change::Commit {
                lineage,
                generation,
                tokens,
                scope: _,
                failed,
            } => {
                self.number(0);
                self.name(lineage.0);
                self.number(generation.0);
                self.tokens(tokens);
                self.option(failed.as_ref(), Self::back_off);
            }
            Change::CommitLogin {
                attempt,
                lineage: _,
                born: _,
                tokens,
                scope: _,
                failed,
            } => {
                self.number(1);
                self.name(attempt.0);
                self.tokens(tokens);
                self.option(failed.as_ref(), Self::back_off);
            }
            Change::Revert { attempt, back_off } => {
                self.number(2);
                self.name(attempt.0);
                self.option(back_off.as_ref(), Self::back_off);
            }
            Change::Lose {
                attempt,
                loss,
                back_off,
            } => {
                self.number(3);
                self.name(attempt.0);
                self.loss(loss);
                self.option(back_off.as_ref(), Self::back_off);
            }
            Change::ReleaseLogin { attempt, back_off } => {
                self.number(4);
                self.name(attempt.0);
                self.option(back_off.as_ref(), Self::back_off);
            }
            Change::Seed {
                lineage: _,
                born: _,
                tokens: _,
                seed: _,
                is_new: _,
            } => self.number(6),
            Change::Begin { .. }
            | Change::BeginLogin { .. }
            | Change::WriteBack { .. }
            | Change::Forget { .. } => unreachable!("made at once, and never carried along"),
        }
    }

    /// The reason why only the user can help, if that is so; nothing else of an error decides anything.
    fn error(&mut self, error: &Error) {
        match error {
            Error::LoginRequired { reason, .. } => self.number(*reason as u64),
            _ => self.number(NOTHING),
        }
    }

    fn stamp(&mut self, stamp: Option<Stamp>) {
        self.option(stamp.as_ref(), |to, stamp| {
            to.name(stamp.lineage.0);
            to.number(stamp.generation.0);
        });
    }

    fn token(&mut self, secret: &Secret) {
        self.token_number(number_of(secret));
    }

    fn token_number(&mut self, token: usize) {
        let place = place(&mut self.tokens, token);
        self.number(place);
    }

    /// A random number, of which only matters which others it equals.
    fn name(&mut self, name: u128) {
        let place = place(&mut self.names, name);
        self.number(place);
    }

    fn number(&mut self, number: u64) {
        // Nearly all of them are small.
        match u8::try_from(number) {
            Ok(small) if small < LARGE => self.bytes.push(small),
            _ => {
                self.bytes.push(LARGE);
                self.bytes.extend(number.to_le_bytes());
            }
        }
    }

    fn flag(&mut self, flag: bool) {
        self.bytes.push(flag.into());
    }

    fn option<T>(&mut self, option: Option<&T>, print: impl FnOnce(&mut Self, &T)) {
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
