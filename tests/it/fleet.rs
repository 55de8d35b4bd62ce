//! Processes that share a login: raced, killed, stopped, and cut off from their store.
//!
//! The workers are processes, the stores are real, and the server's log is the judge.

mod killed; // ended with SIGKILL at each point of a renewal
mod one_request; // all of them want a token at once
mod place; // where they keep their login: a directory, a real server
mod stage; // a fleet that a test directs, step by step
mod storm; // hundreds of renewals while they are killed and stopped
mod suspended; // stopped in mid-renewal, and woken when others have given them up
mod unsaved; // the store is gone when the answer comes

/// Stamps tests over every kind of place.
macro_rules! over_each_place {
    ($($name:ident)*) => {
        mod over_a_directory {
            $(#[test] fn $name() { super::$name(super::Place::directory()); })*
        }
    };
}
use over_each_place;
