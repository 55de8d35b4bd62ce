//! The same requests by `ureq` alone: the same bytes and the same settings, and nothing else.

use std::time::Duration;

use auth_core::agent::ureq::Agent;
use auth_core::agent::ureq::config::AutoHeaderValue;
use auth_core::http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE};
use auth_core::http::{HeaderValue, Request};

use crate::{Operation, Outcome};

/// A GET over a kept connection, with a header that is ready.
pub(crate) fn signed_request(url: &str) -> Outcome<Operation> {
    // As a session does to get its token: libc takes longer in a process that has ever had a thread.
    post(&agent(), &format!("{url}/token"))?;
    let url = format!("{url}/assets");
    let agent = Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .build()
        .new_agent();
    let token = "Bearer 0123456789abcdef0123456789abcdef0123456789abcdef";
    let token = HeaderValue::from_static(token);
    Ok(Box::new(move || {
        let request = agent.get(&url).header(AUTHORIZATION, token.clone());
        request.call()?.body_mut().read_to_vec()?;
        Ok(())
    }))
}

/// A POST on a connection of its own.
pub(crate) fn token_request(url: &str) -> Outcome<Operation> {
    let (agent, url) = (agent(), format!("{url}/token"));
    Ok(Box::new(move || post(&agent, &url).map(drop)))
}

/// A POST whose handshake fails, by an agent of its own.
pub(crate) fn handshake(url: &str) -> Outcome<Operation> {
    let url = url.replace("http://", "https://") + "/token";
    Ok(Box::new(move || match post(&agent(), &url) {
        Ok(_) => Err("the server has no TLS".into()),
        Err(_) => Ok(()),
    }))
}

/// Returns an agent with the settings of `HttpTransport`.
fn agent() -> Agent {
    Agent::config_builder()
        .user_agent("auth-core/0.1.0")
        .timeout_global(Some(Duration::from_secs(30)))
        .timeout_connect(Some(Duration::from_secs(10)))
        .input_buffer_size(16 * 1024)
        .max_response_header_size(16 * 1024 - 1)
        .output_buffer_size(8 * 1024)
        .http_status_as_error(false)
        .max_redirects(0)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_connections(0)
        .build()
        .new_agent()
}

fn post(agent: &Agent, url: &str) -> Outcome<Vec<u8>> {
    let request = Request::post(url)
        .header(ACCEPT, "application/json")
        .header("accept-encoding", "identity")
        .header(CONNECTION, "close")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(BODY)?;
    Ok(agent.run(request)?.body_mut().read_to_vec()?)
}

const BODY: &str = "grant_type=password&client_id=demo&client_secret=a-secret-of-some-length&username=ada&password=battery-staple";
