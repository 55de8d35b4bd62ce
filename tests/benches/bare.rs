//! The baseline: a `ureq` request with the same bytes and the same settings, and nothing else.

use std::time::Duration;

use auth_core::agent::ureq::Agent;
use auth_core::agent::ureq::config::AutoHeaderValue;
use auth_core::http::Request;

/// Returns an agent with the settings of `HttpTransport`.
pub(crate) fn agent() -> Agent {
    Agent::config_builder()
        .user_agent("auth-core/0.1.0")
        .timeout_global(Some(Duration::from_secs(30)))
        .timeout_connect(Some(Duration::from_secs(10)))
        .input_buffer_size(16 * 1024)
        .output_buffer_size(8 * 1024)
        .http_status_as_error(false)
        .max_redirects(0)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_connections(0)
        .proxy(None)
        .build()
        .new_agent()
}

pub(crate) fn post(agent: &Agent, url: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let request = Request::post(url)
        .header("accept", "application/json")
        .header("connection", "close")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(BODY)?;
    Ok(agent.run(request)?.body_mut().read_to_vec()?)
}

const BODY: &str = "grant_type=password&client_id=demo&client_secret=a-secret-of-some-length&username=ada&password=battery-staple";
