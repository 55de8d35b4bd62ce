//! The cookies of an agent, which ureq keeps if any crate of the program switches on its feature `cookies`.
//!
//! No crate can see the features of another, but it can see methods: one that a type has itself comes before
//! that of a trait. So `cookie_jar_lock` is ureq's where an agent has a jar, and else the one here.

use ureq::Agent;

/// Returns `true` if the agent keeps the cookies that servers set.
pub(crate) fn are_kept_by(agent: &Agent) -> bool {
    agent.cookie_jar_lock().is_jar()
}

/// Deletes all cookies of the agent.
pub(super) fn delete(agent: &Agent) {
    agent.cookie_jar_lock().clear();
}

/// Substitute for a jar, for an agent without one.
struct NoJar;

/// The method that ureq adds to an agent with its feature `cookies`.
trait WithoutJar {
    fn cookie_jar_lock(&self) -> NoJar;
}

/// Tells a jar from its substitute.
trait Jar {
    fn is_jar(&self) -> bool;
}

impl NoJar {
    #[expect(clippy::unused_self, reason = "as the jar's")]
    fn is_jar(&self) -> bool {
        false
    }

    fn clear(&self) {}
}

impl WithoutJar for Agent {
    fn cookie_jar_lock(&self) -> NoJar {
        NoJar
    }
}

impl<T> Jar for T {
    fn is_jar(&self) -> bool {
        true
    }
}

// Uses every item above with and without the feature, so that none is reported as unused.
const _: fn(&Agent) -> NoJar = WithoutJar::cookie_jar_lock;
const _: [fn(&NoJar) -> bool; 2] = [NoJar::is_jar, <NoJar as Jar>::is_jar];
const _: fn(&NoJar) = NoJar::clear;
