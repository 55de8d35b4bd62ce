//! One event: a process does what its renewal asks for, or something goes wrong.

use std::rc::Rc;

use crate::rotation::{Came, Do, Renewal, Want};

use super::around::Around;
use super::exchange::words;
use super::luck::Luck;
use super::process::{Attempt, Process, Temper, Todo, number_of};
use super::scenario::Kind;
use super::server::State;
use super::world::{Checked, Event, Story, World};

impl World<'_> {
    /// Lets something happen.
    pub(super) fn happen(&mut self, event: Event, luck: &mut Luck, story: &mut Story) -> Checked {
        match event {
            Event::Step(at) => self.step(at, luck, story)?,
            Event::Crash(at) => self.crash(at, luck, story),
            Event::Arrive(at) => {
                let request = self.late.remove(at);
                story.tell(|| format!("{} arrives late", words(request)));
                luck.is_bad = true;
                self.arrive(request, story)?;
            }
            Event::LogOut => self.log_out(luck, story),
            Event::EndLogOut => self.end_log_out(luck, story),
            Event::Restore => self.restore(luck, story),
        }
        self.drop_requests();
        self.check_logout()?;
        self.check_kept()
    }

    /// Requests that make no difference any more, whenever they arrive.
    fn drop_requests(&mut self) {
        let kind = self.scenario.server;
        let issued = &self.server.issued;
        self.late.retain(|request| match request {
            None => kind == Kind::SingleSession,
            Some(token) => kind == Kind::FamilyRevoking || issued[*token].state == State::Good,
        });
    }

    fn step(&mut self, at: usize, luck: &mut Luck, story: &mut Story) -> Checked {
        let todo = std::mem::take(&mut self.process(at).todo);
        let came = match todo {
            Todo::Ask => self.ask(at, luck, story),
            Todo::Swap(record, attempt) => {
                Came::Swapped(self.swap(at, &record, attempt, luck, story)?)
            }
            Todo::Exchange(request, answer) => {
                match self.exchange(at, request, answer, luck, story)? {
                    Some(came) => came,
                    None => return Ok(()),
                }
            }
            Todo::Wait(attempt) => {
                let alive = |process: &Rc<Process>| {
                    process.is_at().is_some_and(|own| own.number == attempt)
                };
                let has_ended = self.scenario.has_signs
                    && !self.processes.iter().any(alive)
                    && luck.pick(2) == 0;
                story.tell(|| match has_ended {
                    true => format!("P{at} sees that whom it waits for has ended"),
                    false => format!("P{at} has waited"),
                });
                Came::Waited(has_ended)
            }
            Todo::Sleep => Came::Slept,
        };
        self.go_on(at, came, luck, story)
    }

    /// A caller asks for a token.
    fn ask(&mut self, at: usize, luck: &mut Luck, story: &mut Story) -> Came {
        let (rules, sends) = (self.rules(), self.sends(at));
        let bound = self.scenario.generation;
        let is_due = self.stamp().generation < bound;
        let process = self.process(at);
        let due = process.held.is_some_and(|held| held.generation < bound);
        let second = due && luck.pick(2) == 1;
        let is_valid = process.held.is_some() && process.temper == Temper::Early && !second;
        if second && process.temper == Temper::Late {
            process.rejected = process.held.take();
            story.tell(|| format!("P{at}: an API rejects its token"));
        }
        let is_early = is_due && process.held.is_none() && luck.pick(2) == 1;
        let want = Want {
            held: process.held,
            is_valid,
            rejected: process.rejected,
            // What is stored is valid, and due as well.
            ahead: if is_early { A_DAY } else { 0 },
            new_login: process.has_code,
        };
        story.tell(|| match (want.held, is_valid) {
            (None, _) => format!("P{at} wants a token"),
            (_, true) => format!("P{at}: its token is due"),
            (_, false) => format!("P{at}: its token has expired"),
        });
        process.is_served = is_valid;
        process.renewal = Some(Renewal::new(rules, sends, want));
        Came::Begun
    }

    /// Tells the renewal what came, and notes what it asks for next.
    fn go_on(&mut self, at: usize, came: Came, luck: &mut Luck, story: &mut Story) -> Checked {
        let mut came = came;
        loop {
            match self.next(at, came, luck, story)? {
                // At once: whoever is about to look has not seen anything yet.
                Do::Load => came = Came::Loaded(self.load(at, luck, story)),
                Do::Done(outcome) => return self.conclude(at, *outcome, story),
                todo => return self.note(at, todo, story),
            }
        }
    }

    fn next(&mut self, at: usize, came: Came, luck: &mut Luck, story: &mut Story) -> Checked<Do> {
        let mut around = Around::new(self, at, luck);
        let process = self.process(at);
        let Some(renewal) = &mut process.renewal else {
            return Err(format!("P{at} goes on without a renewal"));
        };
        let mut notices = Vec::new();
        let todo = renewal.next(came, &mut process.memory, &mut around, &mut |notice| {
            notices.push(notice);
        });
        self.count = around.count;
        self.left.overdue = around.overdue.into_inner();
        if let Do::Swap(record, Some(attempt)) = &todo {
            self.check_back_off(at, record, *attempt, &around.waited_out.into_inner())?;
        }
        self.check_notices(at, &notices, story)?;
        Ok(todo)
    }

    fn note(&mut self, at: usize, todo: Do, story: &mut Story) -> Checked {
        let todo = match todo {
            Do::Swap(record, attempt) => {
                if let Some(number) = attempt {
                    self.check_carried(at)?;
                    let flight = record.in_flight.as_ref();
                    let flight = flight.filter(|flight| flight.attempt == number);
                    self.process(at).attempt = Some(Attempt {
                        number,
                        stamp: record.stamp(),
                        sendings: flight.map_or(0, |flight| flight.sendings),
                        is_refresh: flight.is_some(),
                        is_noted: false,
                        has_ended: false,
                        got: None,
                    });
                }
                Todo::Swap(Rc::new(*record), attempt)
            }
            Do::Refresh(secret) => {
                let token = number_of(&secret);
                self.check_sending(at, token)?;
                story.tell(|| format!("P{at} sends r{token}"));
                Todo::Exchange(Some(token), None)
            }
            Do::LogIn => {
                self.check_login(at)?;
                story.tell(|| format!("P{at} logs in"));
                Todo::Exchange(None, None)
            }
            Do::Wait(attempt, _) => Todo::Wait(attempt),
            Do::Sleep(_) => Todo::Sleep,
            Do::Load | Do::Done(_) => Todo::Ask,
        };
        self.process(at).todo = todo;
        Ok(())
    }

    fn crash(&mut self, at: usize, luck: &mut Luck, story: &mut Story) {
        luck.is_bad = true;
        self.left.crashes -= 1;
        story.tell(|| format!("P{at} is killed, and begins anew"));
        if let Todo::Exchange(request, None) = self.processes[at].todo
            && (request.is_some() || self.can_log_in(at))
            && !self.has_old_secret(at)
        {
            self.late.push(request);
        }
        self.processes[at] = Rc::new(self.new_process(at));
    }
}

const A_DAY: u64 = 24 * 3600;
