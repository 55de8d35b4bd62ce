//! One login, shared by threads, processes and machines: what is known of it, and how it may change.
//!
//! A refresh token that works once is spent by sending it, whatever the response is. So the record notes
//! *before* a request that it may be sent, and a token that may have been sent is never sent again
//! unless the vendor documents that this is harmless. Nothing here reads a clock, takes a lock or
//! opens a socket: the same code runs over memory, a file and a database, and in the model
//! (`auth-model`), which tries every order of events.
//!
//! | file | subject |
//! |---|---|
//! | `record` | the state that all processes share, as two machines: the refresh token and the login |
//! | `tokens` | an access token and a refresh token, with times of the wall clock |
//! | `transition` | every change of a record, as a pure function |
//! | `decision` | which request a record allows next |
//! | `step` | the steps to a new token, as types: what to do, and the method that takes its result |
//! | `renewal` | the decisions between these steps |
//! | `failure` | what a failure means, and how long to back off |
//! | `codec` | a record as bytes |

/// Returns `true` where the model makes this mistake on purpose, to see that it is noticed; never elsewhere.
#[cfg(auth_model)]
macro_rules! mutant {
    ($name:ident) => {
        crate::model::Mutant::$name.is_made()
    };
}
#[cfg(not(auth_model))]
macro_rules! mutant {
    ($name:ident) => {
        false
    };
}

mod codec;
mod decision;
mod failure;
mod record;
mod renewal;
mod step;
mod tokens;
mod transition;

pub(crate) use decision::Prospects;
pub(crate) use record::{
    AttemptId, BackOff, Generation, Lineage, LogIn, Period, Record, Refresh, Scope, Stamp,
};
pub(crate) use step::{
    Context, How, Loaded, Memory, Notice, Outcome, Rules, Sends, Serve, Step, Surroundings, Want,
};
pub(crate) use tokens::{Access, Tokens};
pub(crate) use transition::Change;

/// Types that the model looks into, and a session does not.
#[cfg(auth_model)]
pub(crate) mod inside {
    pub(crate) use super::record::{Loss, Verdict};
    pub(crate) use super::renewal::Renewal;
    pub(crate) use super::step::{
        After, AwaitOther, AwaitResponse, AwaitSwap, AwaitTime, Kind, Next, Swapping,
    };
    pub(crate) use super::tokens::RefreshToken;
}
