//! A stand-in for the browser, for the simulator's login page.

use oauth2_generic::agent::ureq::Agent;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The simulator's user is logged in and agrees, so one request is all that a browser would do.
pub(crate) fn redirect_of_simulator(url: &str) -> Result<String> {
    let agent: Agent = Agent::config_builder().max_redirects(0).build().into();
    let answer = agent.get(url).call()?;
    Ok(answer.headers()["location"].to_str()?.to_owned())
}
