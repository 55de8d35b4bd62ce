//! Processes that share a login: raced, killed, stopped, and cut off from their store.
//!
//! The workers are processes, the stores are real, and the server's log is the judge.

mod dialects; // refused in other words than RFC 6749's
mod forgotten; // Redis has lost everything, in the middle of a renewal
mod killed; // ended with SIGKILL at each point of a renewal
mod one_request; // all of them want a token at once
mod place; // where they keep their login: a directory, a real server
mod rollout; // a new client secret reaches one process after the other
mod stage; // a fleet that a test directs, step by step
mod storm; // hundreds of renewals while they are killed and stopped
mod suspended; // stopped in mid-renewal, and woken when others have given them up
mod unsaved; // the store is gone when the answer comes

/// Stamps tests over every kind of place.
macro_rules! over_each_place {
    ($($name:ident)*) => {
        over_each_place!(over_a_directory directory: $($name)*);
        over_each_place!(over_real_redis redis: $($name)*);
        over_each_place!(over_real_postgres postgres: $($name)*);
    };
    ($module:ident $place:ident: $($name:ident)*) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    super::$name(super::Place::$place());
                }
            )*
        }
    };
}
use over_each_place;
