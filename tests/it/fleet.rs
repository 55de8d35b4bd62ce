//! Processes that share a login: raced, killed, stopped, and cut off from their store.
//!
//! Workers are processes and stores are real; the tests check the server's log.

mod dialects; // refusals in other words than RFC 6749's
mod forgotten; // Redis loses everything in the middle of a renewal
mod killed; // a process is killed at each point of a renewal
mod one_request; // all processes need a token at once
mod place; // where a fleet keeps its login: a directory or a real server
mod rollout; // a new client secret reaches one process after the other
mod stage; // a fleet that a test directs, step by step
mod storm; // hundreds of renewals while processes are killed and stopped
mod suspended; // a process is stopped in the middle of a renewal, and woken after its deadline
mod unsaved; // the store fails before a request or its response

/// Generates each test for every kind of place.
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
