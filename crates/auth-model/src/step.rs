//! One event: a process performs the next step of its renewal, or something fails.

use std::rc::Rc;

use crate::login::inside::Kind;
use crate::login::{Context, Step, Want};

use super::around::Around;
use super::exchange::{Exchanged, words};
use super::luck::Luck;
use super::process::{Attempt, Process, Temper, Todo, number_of};
use super::scenario::ServerKind;
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
            None => kind == ServerKind::SingleSession,
            Some(token) => {
                kind == ServerKind::FamilyRevoking || issued[*token].state == State::Good
            }
        });
    }

    fn step(&mut self, at: usize, luck: &mut Luck, story: &mut Story) -> Checked {
        let todo = std::mem::take(&mut self.process(at).todo);
        let step = match todo {
            Todo::Ask => self.ask(at, luck, story),
            Todo::Swap(swap) => {
                let swapped = self.swap(at, &swap, luck, story)?;
                self.take(at, luck, story, |cx| swap.swapped(swapped, cx))?
            }
            Todo::Exchange(request, answer, response) => {
                match self.exchange(at, request, answer, luck, story)? {
                    Exchanged::Arrived(answer) => {
                        let now = self.now();
                        self.take(at, luck, story, |cx| response.answered(answer, now, cx))?
                    }
                    Exchanged::OnItsWay(answer) => {
                        self.process(at).todo = Todo::Exchange(request, Some(answer), response);
                        return Ok(());
                    }
                }
            }
            Todo::Wait(other) => {
                let alive = |process: &Rc<Process>| {
                    process
                        .is_at()
                        .is_some_and(|own| own.number == other.attempt)
                };
                let has_ended = self.scenario.has_signs
                    && !self.processes.iter().any(alive)
                    && luck.pick(2) == 0;
                story.tell(|| match has_ended {
                    true => format!("P{at} sees that the process it waits for has exited"),
                    false => format!("P{at} has waited"),
                });
                other.waited(has_ended)
            }
            Todo::Sleep(time) => time.slept(),
        };
        self.proceed(at, step, luck, story)
    }

    /// A caller requests a token.
    fn ask(&mut self, at: usize, luck: &mut Luck, story: &mut Story) -> Step {
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
        };
        story.tell(|| match (want.held, is_valid) {
            (None, _) => format!("P{at} wants a token"),
            (_, true) => format!("P{at}: its token is due"),
            (_, false) => format!("P{at}: its token has expired"),
        });
        process.is_served = is_valid;
        Step::begin(rules, sends, want)
    }

    /// Loads at once if that is next, and notes what the renewal does then.
    fn proceed(&mut self, at: usize, step: Step, luck: &mut Luck, story: &mut Story) -> Checked {
        let mut step = step;
        loop {
            step = match step {
                Step::Load(load) => {
                    let loaded = self.load(at, luck, story);
                    self.take(at, luck, story, |cx| load.loaded(loaded, cx))?
                }
                Step::Done(outcome) => return self.conclude(at, outcome, story),
                Step::Swap(swap) => {
                    if let Some((number, kind)) = swap.noted() {
                        self.check_carried(at)?;
                        let is_refresh = kind == Kind::Refresh;
                        self.process(at).attempt = Some(Attempt {
                            number,
                            stamp: swap.record.stamp(),
                            sendings: match is_refresh {
                                true => swap.record.refresh.sendings(),
                                false => 0,
                            },
                            is_refresh,
                            is_noted: false,
                            has_ended: false,
                            got: None,
                        });
                    }
                    self.process(at).todo = Todo::Swap(swap);
                    return Ok(());
                }
                Step::Refresh(secret, response) => {
                    let token = number_of(&secret);
                    self.check_sending(at, token)?;
                    story.tell(|| format!("P{at} sends r{token}"));
                    self.process(at).todo = Todo::Exchange(Some(token), None, response);
                    return Ok(());
                }
                Step::LogIn(response) => {
                    self.check_login(at)?;
                    story.tell(|| format!("P{at} logs in"));
                    self.process(at).todo = Todo::Exchange(None, None, response);
                    return Ok(());
                }
                Step::Wait(other) => {
                    self.process(at).todo = Todo::Wait(other);
                    return Ok(());
                }
                Step::Sleep(time) => {
                    self.process(at).todo = Todo::Sleep(time);
                    return Ok(());
                }
            };
        }
    }

    /// Lets a step take its result.
    fn take(
        &mut self,
        at: usize,
        luck: &mut Luck,
        story: &mut Story,
        result: impl FnOnce(&mut Context<'_>) -> Step,
    ) -> Checked<Step> {
        let mut around = Around::new(self, at, luck);
        let mut notices = Vec::new();
        let step = result(&mut Context {
            memory: &mut self.process(at).memory,
            surroundings: &mut around,
            tell: &mut |notice| notices.push(notice),
        });
        self.count = around.count;
        self.left.overdue = around.overdue.into_inner();
        if let Step::Swap(swap) = &step
            && let Some((_, kind)) = swap.noted()
        {
            let waited_out = around.waited_out.into_inner();
            self.check_back_off(at, kind == Kind::Refresh, &waited_out)?;
        }
        self.check_notices(at, &notices, story)?;
        Ok(step)
    }

    fn crash(&mut self, at: usize, luck: &mut Luck, story: &mut Story) {
        luck.is_bad = true;
        self.left.crashes -= 1;
        story.tell(|| format!("P{at} is killed, and begins anew"));
        if let Todo::Exchange(request, None, _) = self.processes[at].todo
            && (request.is_some() || self.can_log_in())
            && !self.has_old_secret(at)
        {
            self.late.push(request);
        }
        self.processes[at] = Rc::new(self.new_process(at));
    }
}

const A_DAY: u64 = 24 * 3600;
