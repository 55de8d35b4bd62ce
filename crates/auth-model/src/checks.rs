//! Properties that must always hold, checked at every event.

use crate::error::LoginReason;
use crate::login::inside::Verdict;
use crate::login::{AttemptId, LogIn, Notice, Period, Record, Refresh, Scope};

use super::process::{Attempt, Todo, number_of};
use super::server::{Answer, State};
use super::world::{Checked, Story, World, whose};

impl World<'_> {
    /// A refresh token is sent once (twice where a second sending is harmless), and noted before.
    pub(super) fn check_sending(&mut self, at: usize, token: usize) -> Checked {
        let attempt = self.processes[at].attempt.clone();
        let attempt = attempt.filter(|attempt| attempt.is_noted && attempt.is_refresh);
        let issued = &mut self.server.issued[token];
        issued.sent += 1;
        let sent = issued.sent;
        if sent > self.most_sendings() {
            return Err(format!("sent too often: r{token} is sent {sent} times"));
        }
        match attempt {
            Some(attempt) if attempt.sendings >= sent => Ok(()),
            Some(_) => Err(format!(
                "sent too often: r{token} is sent more often than was noted"
            )),
            None => Err(format!(
                "sent without a note: r{token} is sent before that is stored"
            )),
        }
    }

    /// No process sends anything that it has to wait with.
    pub(super) fn check_back_off(
        &self,
        at: usize,
        is_refresh: bool,
        waited_out: &[Period],
    ) -> Checked {
        let own = match is_refresh {
            true => Scope::Refresh(self.print(at)),
            false => Scope::Login(self.print(at)),
        };
        let back_offs = self.record.iter().flat_map(|record| &record.back_offs);
        let mut held_back = back_offs.filter(|back_off| {
            (back_off.scope == Scope::Everyone || back_off.scope == own)
                && !back_off.period.length().is_zero()
        });
        match held_back.find(|back_off| !waited_out.contains(&back_off.period)) {
            Some(_) => Err(format!(
                "no back-off: P{at} tries before the time that was set"
            )),
            None => Ok(()),
        }
    }

    /// A login needs a reason: nothing there, a logout, a refusal, or something that went wrong.
    pub(super) fn check_login(&mut self, at: usize) -> Checked {
        let attempt = self.processes[at].attempt.as_ref();
        if attempt.is_none_or(|attempt| !attempt.is_noted || attempt.is_refresh) {
            return Err(format!(
                "sent without a note: P{at} logs in before that is stored"
            ));
        }
        if self.is_refused_unclearly(at) {
            self.reasons += 1;
        }
        self.logins += 1;
        let reasons = self.reasons + self.refused + self.troubles();
        let most_wrong = 1 + self.troubles();
        if self.logins > reasons {
            return Err(format!(
                "a login without a reason: {} logins for {reasons} reasons",
                self.logins
            ));
        }
        if self.wrong >= most_wrong {
            return Err(format!(
                "wrong credentials: they are tried again although they were refused {} times",
                self.wrong
            ));
        }
        Ok(())
    }

    /// Returns `true` if a process logs in because its refreshes are refused in unclear words.
    fn is_refused_unclearly(&self, at: usize) -> bool {
        let record = self.record.as_deref();
        let back_off = record.and_then(|record| record.back_off(Scope::Refresh(self.print(at))));
        back_off.is_some_and(|back_off| back_off.verdict == Verdict::Unclear)
    }

    pub(super) fn check_answer(&mut self, request: Option<usize>, answer: Answer) -> Checked {
        match (request, answer) {
            (Some(_), Answer::Refused) => self.refused += 1,
            (None, Answer::Refused) => self.wrong += 1,
            (_, Answer::Token(_) | Answer::Balked | Answer::UnknownClient) => {}
        }
        if self.server.revocations > 0 {
            return Err("a family is revoked: a spent refresh token came again".to_owned());
        }
        Ok(())
    }

    /// A swap may add to what is stored, and takes nothing away.
    pub(super) fn check_swap(&self, at: usize, new: &Record) -> Checked {
        let empty = Record::default();
        let old = self.record.as_deref().unwrap_or(&empty);
        let is_later = new.revision > old.revision || self.scenario.is_timed();
        if new.is_older_than(old) || !is_later {
            return Err("an update is lost: a record is stored that looks older".to_owned());
        }
        if new.generation < old.generation || new.generation > old.generation.next() {
            return Err(format!(
                "the generation goes back: from {} to {}",
                old.generation.0, new.generation.0
            ));
        }
        if old.access.is_some() && new.access.is_none() {
            return Err("a valid token is replaced by nothing".to_owned());
        }
        self.check_given_up(new)?;
        if new.lineage != old.lineage {
            return self.check_lineage(at, old, new);
        }
        self.check_successor(old, new)?;
        match self.scenario.is_timed() {
            true => Ok(()),
            false => self.check_flight(at, old, new),
        }
    }

    /// A refresh token that the server would take is not given up for being refused.
    fn check_given_up(&self, new: &Record) -> Checked {
        let refused = match &new.refresh {
            Refresh::Lost { token, loss, .. }
                if loss.reason == LoginReason::RefreshTokenRefused =>
            {
                Some(number_of(&token.secret))
            }
            _ => None,
        };
        match refused {
            Some(token) if self.server.issued[token].state == State::Good => Err(format!(
                "a refresh token is dropped: the server has not used r{token} up"
            )),
            _ => Ok(()),
        }
    }

    /// A login is stored by the process that noted it last, or where the store has none.
    fn check_lineage(&self, at: usize, old: &Record, new: &Record) -> Checked {
        let noted = logging_in(old);
        let own = self.processes[at]
            .attempt
            .as_ref()
            .map(|attempt| attempt.number);
        let is_free = self.record.is_none() || self.scenario.is_timed();
        if !is_free && (noted.is_none() || noted != own) {
            return Err(format!(
                "a newer login is overwritten: P{at} did not note its own last"
            ));
        }
        if new.generation != old.generation.next() {
            return Err("two tokens share a number".to_owned());
        }
        Ok(())
    }

    fn check_successor(&self, old: &Record, new: &Record) -> Checked {
        let token = |record: &Record| record.refresh.token().map(|token| number_of(&token.secret));
        let (before, after) = (token(old), token(new));
        let expected = match new.generation > old.generation {
            false => before,
            true => before.and_then(|before| self.successor(before)),
        };
        if expected == after {
            return Ok(());
        }
        Err(format!(
            "a newer token is overwritten: r{after:?} is stored over r{before:?}"
        ))
    }

    /// Only the process that began an attempt may record that nothing was sent.
    fn check_flight(&self, at: usize, old: &Record, new: &Record) -> Checked {
        let goes_back =
            new.generation == old.generation && new.refresh.sendings() < old.refresh.sendings();
        match old.refresh {
            Refresh::InFlight { attempt, .. } | Refresh::Lost { attempt, .. }
                if goes_back && whose(attempt) != at =>
            {
                Err(format!("a note is taken back: P{at} did not make it"))
            }
            _ => Ok(()),
        }
    }

    /// Nothing that was logged out is stored any more, nor kept beside to be brought back.
    pub(super) fn check_logout(&self) -> Checked {
        if self.logout.as_ref().is_none_or(|logout| !logout.is_over) {
            return Ok(());
        }
        let stored = [&self.record, &self.previous].into_iter().flatten();
        let mut tokens = stored.filter_map(|record| record.refresh.token());
        match tokens.find(|token| self.is_logged_out(number_of(&token.secret))) {
            Some(_) => Err("a login that was logged out is still there".to_owned()),
            None => Ok(()),
        }
    }

    pub(super) fn is_logged_out(&self, token: usize) -> bool {
        self.logout
            .as_ref()
            .is_some_and(|logout| token < logout.issued)
    }

    /// A token that a living process got is stored, or about to be.
    pub(super) fn check_kept(&mut self) -> Checked {
        (0..self.processes.len()).try_for_each(|at| self.check_carried(at))
    }

    pub(super) fn check_carried(&mut self, at: usize) -> Checked {
        let Some(attempt) = &self.processes[at].attempt else {
            return Ok(());
        };
        if let Some(token) = attempt.got {
            let is_wanted = match (attempt.is_refresh, &self.record) {
                (true, _) => self.stamp() == attempt.stamp,
                (false, None) => true,
                (false, Some(record)) => logging_in(record) == Some(attempt.number),
            };
            let process = &self.processes[at];
            let may_go_back = self.scenario.is_timed();
            if is_wanted && !process.carries(token) && !(may_go_back && process.remembers(token)) {
                return Err(format!(
                    "a successor is lost: P{at} has got r{token}, and no process keeps it"
                ));
            }
            if !is_wanted && !may_go_back {
                self.forget_what_came(at);
            }
        } else if self.is_forgotten(at, attempt) {
            self.process(at).attempt = None;
        }
        Ok(())
    }

    /// Returns `true` if an attempt makes no difference any more.
    fn is_forgotten(&self, at: usize, attempt: &Attempt) -> bool {
        let record = self.record.as_deref();
        let is_stored = record.is_some_and(|record| {
            in_flight(record) == Some(attempt.number) || logging_in(record) == Some(attempt.number)
        });
        let is_sending = matches!(self.processes[at].todo, Todo::Exchange(..));
        attempt.has_ended || attempt.is_noted && !is_stored && !is_sending
    }

    fn forget_what_came(&mut self, at: usize) {
        if let Some(attempt) = &mut self.process(at).attempt {
            attempt.got = None;
        }
    }

    pub(super) fn check_notices(
        &self,
        at: usize,
        notices: &[Notice],
        story: &mut Story,
    ) -> Checked {
        for notice in notices {
            match notice {
                Notice::WentBack if !self.scenario.is_timed() => {
                    return Err(format!("P{at} believes that the store went back"));
                }
                Notice::Retry(..) => story.tell(|| format!("P{at} tries again after a while")),
                Notice::NotStored(_) => {
                    story.tell(|| format!("P{at} keeps what it could not store"));
                }
                Notice::WentBack => story.tell(|| format!("P{at} sees that the store went back")),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The attempt whose response may still come.
pub(super) fn in_flight(record: &Record) -> Option<AttemptId> {
    match record.refresh {
        Refresh::InFlight { attempt, .. } => Some(attempt),
        Refresh::Absent | Refresh::Ready(_) | Refresh::Lost { .. } => None,
    }
}

/// The attempt to log in for all.
pub(super) fn logging_in(record: &Record) -> Option<AttemptId> {
    match record.login {
        LogIn::InProgress { attempt, .. } => Some(attempt),
        LogIn::Idle => None,
    }
}
