//! Every state that can be reached, breadth first: the first violation has the shortest trace.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

use super::luck::Luck;
use super::print::Print;
use super::scenario::Scenario;
use super::world::{Event, Story, World};

/// Figures and findings.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) states: usize,
    pub(super) transitions: usize,
    /// In which every process is content, or knows why it cannot be.
    pub(super) ends: usize,
    pub(super) time: Duration,
    pub(super) violation: Option<Violation>,
}

/// A broken property, and the way to it.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) what: String,
    pub(super) trace: Vec<String>,
}

/// How a state was come to first.
#[derive(Clone, Copy, Debug)]
struct Origin {
    before: u32,
    event: u8,
    luck: u64,
}

struct Search<'s> {
    scenario: &'s Scenario,
    seen: HashMap<u128, u32, BuildHasherDefault<AsItIs>>,
    origins: Vec<Origin>,
    queue: VecDeque<World<'s>>,
    transitions: usize,
    ends: Vec<u32>,
    /// For each state the last of its ways back, where nothing more went wrong in between.
    back: Vec<u32>,
    /// The state before, and the number of the next way back from the same state.
    ways: Vec<(u32, u32)>,
    print: Print,
}

/// Explores a scenario, up to the first violation or to that many states, the nearest first.
pub(super) fn explore(scenario: &Scenario, most: usize) -> Report {
    // Jitter decides nothing, and two explorations are to be the same.
    fastrand::seed(0);
    let begun = SystemClock::new().now();
    let mut search = Search::new(scenario);
    let violation = search.run(most);
    Report {
        states: search.origins.len(),
        transitions: search.transitions,
        ends: search.ends.len(),
        time: SystemClock::new().now().since(begun),
        violation,
    }
}

impl<'s> Search<'s> {
    fn new(scenario: &'s Scenario) -> Self {
        let mut search = Self {
            scenario,
            seen: HashMap::default(),
            origins: Vec::new(),
            queue: VecDeque::new(),
            transitions: 0,
            ends: Vec::new(),
            back: Vec::new(),
            ways: Vec::new(),
            print: Print::default(),
        };
        let origin = Origin {
            before: 0,
            event: 0,
            luck: 0,
        };
        search.meet(World::new(scenario), origin);
        search
    }

    fn run(&mut self, most: usize) -> Option<Violation> {
        let mut events = Vec::new();
        let mut luck = Luck::default();
        let mut at = 0;
        while let Some(world) = self.queue.pop_front() {
            if self.origins.len() >= most {
                // Of what lies beyond nothing is known, so it counts as a way on.
                self.ends.extend(at..self.origins.len() as u32);
                break;
            }
            if world.is_over() {
                self.ends.push(at);
            }
            world.events(&mut events);
            for event in &events {
                loop {
                    if let Err(what) = self.follow(&world, at, *event, &mut luck) {
                        return Some(Violation {
                            what,
                            trace: self.trace(at, *event, luck.code()),
                        });
                    }
                    if !luck.turn() {
                        break;
                    }
                }
            }
            at += 1;
        }
        self.dead_end()
    }

    fn follow(
        &mut self,
        world: &World<'s>,
        before: u32,
        event: Event,
        luck: &mut Luck,
    ) -> Result<(), String> {
        let mut next = world.clone();
        next.happen(event, luck, &mut Story::default())?;
        self.transitions += 1;
        let origin = Origin {
            before,
            event: event.code(),
            luck: luck.code(),
        };
        let met = self.meet(next, origin);
        if !luck.is_bad && met != before {
            let last = &mut self.back[met as usize];
            self.ways.push((before, *last));
            *last = self.ways.len() as u32 - 1;
        }
        Ok(())
    }

    /// The number of a state, which is new or not.
    fn meet(&mut self, world: World<'s>, origin: Origin) -> u32 {
        let next = self.origins.len() as u32;
        let met = *self.seen.entry(self.print.of(&world)).or_insert(next);
        if met == next {
            self.origins.push(origin);
            self.back.push(NO_WAY);
            self.queue.push_back(world);
        }
        met
    }

    /// A state from which no process gets any further although nothing more goes wrong.
    fn dead_end(&self) -> Option<Violation> {
        let mut leads_on = vec![false; self.origins.len()];
        let mut open = self.ends.clone();
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut leads_on[state as usize], true) {
                continue;
            }
            let mut way = self.back[state as usize];
            while way != NO_WAY {
                let (before, next) = self.ways[way as usize];
                open.push(before);
                way = next;
            }
        }
        let stuck = leads_on.iter().position(|leads_on| !leads_on)?;
        let origin = self.origins[stuck];
        Some(Violation {
            what: "a dead end: from here on no process ever gets a token or a reason".to_owned(),
            trace: self.trace(origin.before, Event::from_code(origin.event), origin.luck),
        })
    }

    /// The way to a state and one event further, in words.
    fn trace(&self, state: u32, event: Event, luck: u64) -> Vec<String> {
        let mut steps = vec![(event, luck)];
        let mut at = state;
        while at != 0 {
            let Origin {
                before,
                event,
                luck,
            } = self.origins[at as usize];
            steps.push((Event::from_code(event), luck));
            at = before;
        }
        let mut world = World::new(self.scenario);
        let mut story = Story(Some(Vec::new()));
        for (event, luck) in steps.into_iter().rev() {
            if let Err(what) = world.happen(event, &mut Luck::again(luck), &mut story) {
                story.tell(|| what);
            }
        }
        story.0.unwrap_or_default()
    }
}

/// A fingerprint needs no hashing.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are looked up");
    }

    fn write_u128(&mut self, print: u128) {
        self.0 = print as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

const NO_WAY: u32 = u32::MAX;
