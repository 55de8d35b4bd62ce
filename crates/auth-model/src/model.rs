//! Every order of events, over the real transitions and the real steps.
//!
//! A few processes share a login, and a scheduler tries everything that can happen to them, in every
//! order: each step of each process, a process killed at any point, a request or its answer lost, a
//! request that arrives long after its sender gave up, a store that does not answer and has or has not
//! written, a deadline that passes while a process is still at work. It has no clocks: whether a deadline
//! has passed is the scheduler's choice whenever a process asks. What must always hold is in `checks`;
//! from every state a way leads to a token, or to a reason why none can be had.
//!
//! How much may go wrong in one run is bounded, and within the bounds every state is seen. States are
//! the same if they differ in times, in the names of attempts and tokens, or in the order of the
//! processes only. The figures are printed; an exploration that shrinks fails.

mod around;
mod checks;
mod exchange;
mod luck;
mod mutants;
mod outcome;
mod print;
mod process;
mod report;
mod scenario;
mod scenarios;
mod search;
mod server;
mod step;
mod stored;
mod world;

pub use mutants::Mutant;
pub use report::{Bound, Figures, every_scenario, is_noticed, replay_to_a_revoking_server};
