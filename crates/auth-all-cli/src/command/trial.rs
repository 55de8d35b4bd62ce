//! `auth-all try`: a login, signed requests, a revoked token and a refusal, at servers inside this program.

use std::fmt::Write as _;
use std::sync::Arc;

use auth_all::agent::ureq;
use auth_all::store::MemoryStore;
use auth_sim::{Simulator, Vendor, aerion, aeris, ermeo, generic};
use serde_json::Value;

use crate::args::{self, Server};
use crate::config::Config;
use crate::failure::{Failure, Result};
use crate::output;
use crate::profile::Profile;

pub(super) fn run(options: &args::Try) -> Result<()> {
    let all = [
        Server::Aerion,
        Server::Aeris,
        Server::Ermeo,
        Server::Generic,
    ];
    let chosen = all
        .into_iter()
        .filter(|it| options.server.is_none_or(|one| one == *it));
    for server in chosen {
        output::result(&play(server)?)?;
    }
    output::result(&format!("{NEXT}\n"))
}

/// The lines of one server's play.
fn play(server: Server) -> Result<String> {
    let scene = Scene::of(server);
    let started = Simulator::builder(scene.vendor).start();
    let simulator = started
        .map_err(|error| Failure::later(format!("no server can be started here: {error}")))?;
    let url = simulator.url();
    let text = scene.profile(url, scene.secret);
    let mut lines = format!("{}, simulated at {url}\n\n", scene.name);
    for line in text.lines() {
        let _ = writeln!(lines, "    {line}");
    }
    let profile = profile(&text)?;
    let session = profile.session(Arc::new(MemoryStore::new()))?;
    let token = session.token().map_err(|error| profile.failed(&error))?;
    let _ = writeln!(lines, "\n  $ auth-all token try\n  {}", cut(token.expose()));
    let (status, body) = get(&session.agent(), &format!("{url}{}", scene.api))?;
    let _ = writeln!(
        lines,
        "\n  GET {} with this token\n  {status} {}",
        scene.api,
        cut(&body)
    );
    simulator.revoke_access_tokens();
    let before = simulator.api_requests().len();
    let (again, _) = get(&session.agent(), &format!("{url}{}", scene.api))?;
    let calls = simulator.api_requests();
    let statuses = calls.iter().skip(before).filter_map(|call| call.status);
    let statuses: Vec<_> = statuses.map(|status| status.to_string()).collect();
    let _ = writeln!(
        lines,
        "\n  GET {} once more, after the server has revoked the token\n  the API responds {}: a new token, sent \
         once\n  the caller gets {again}",
        scene.api,
        statuses.join(", then ")
    );
    let wrong = self::profile(&scene.profile(url, "a guess"))?;
    let refused = wrong.session(Arc::new(MemoryStore::new()))?.token();
    let Err(error) = refused else {
        return Err(Failure::later("the server has accepted a wrong secret"));
    };
    let failure = wrong.failed(&error);
    lines.push_str("\n  $ auth-all token try    # with a wrong secret\n");
    for line in failure.text().lines() {
        let _ = writeln!(lines, "  {line}");
    }
    let _ = writeln!(lines, "  exit code {}\n", failure.code());
    Ok(lines)
}

fn profile(text: &str) -> Result<Profile> {
    Config::of_text("this profile", text)?
        .profile(Some("try"))
        .cloned()
}

/// Sends a signed request; returns the status and the body.
fn get(agent: &ureq::Agent, url: &str) -> Result<(u16, String)> {
    let failed = |error| Failure::from(auth_all::agent::error(error));
    let mut response = agent.get(url).call().map_err(failed)?;
    let body = response.body_mut().read_to_string().map_err(failed)?;
    Ok((response.status().as_u16(), body))
}

/// The beginning of a text, for a line of a terminal.
fn cut(text: &str) -> String {
    match text.chars().count() > WIDTH {
        true => text.chars().take(WIDTH).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// A server, the account that it has, and a request to its API.
struct Scene {
    name: &'static str,
    vendor: Vendor,
    /// The keys of the profile, without the server and the secrets.
    keys: &'static [(&'static str, &'static str)],
    secrets: &'static [(&'static str, &'static str)],
    /// The key of the server's URL, and the path below it.
    url: (&'static str, &'static str),
    /// The key of the secret that may be wrong.
    key: &'static str,
    secret: &'static str,
    api: &'static str,
}

impl Scene {
    const fn of(server: Server) -> Self {
        match server {
            Server::Aerion => Self {
                name: "Aerion",
                vendor: Vendor::Aerion,
                keys: &[
                    ("vendor", "aerion"),
                    ("company", aerion::COMPANY),
                    ("username", aerion::USERNAME),
                ],
                secrets: &[],
                url: ("base", ""),
                key: "password",
                secret: aerion::PASSWORD,
                api: "/v1/users/me",
            },
            Server::Aeris => Self {
                name: "Aeris",
                vendor: Vendor::Aeris,
                keys: &[
                    ("vendor", "aeris"),
                    ("client_id", aeris::CLIENT_ID),
                    ("account_id", aeris::ACCOUNT_ID),
                    ("requester", aeris::REQUESTER_ID),
                ],
                secrets: &[("client_secret", aeris::CLIENT_SECRET)],
                url: ("base", ""),
                key: "account_secret",
                secret: aeris::ACCOUNT_SECRET,
                api: "/devicesQuery/18002/devices/cellUtilization",
            },
            Server::Ermeo => Self {
                name: "Ermeo",
                vendor: Vendor::Ermeo,
                keys: &[
                    ("vendor", "ermeo"),
                    ("client_id", ermeo::CLIENT_ID),
                    ("username", ermeo::USERNAME),
                ],
                secrets: &[("client_secret", ermeo::CLIENT_SECRET)],
                url: ("base", ""),
                key: "password",
                secret: ermeo::PASSWORD,
                api: "/api/v1/assets?limit=3&page=1",
            },
            Server::Generic => Self {
                name: "Any OAuth 2.0 server",
                vendor: Vendor::Generic,
                keys: &[
                    ("grant", "client_credentials"),
                    ("client_id", generic::CLIENT_ID),
                ],
                secrets: &[],
                url: ("token_endpoint", "/token"),
                key: "client_secret",
                secret: generic::CLIENT_SECRET,
                api: "/whoami",
            },
        }
    }

    /// The profile at this server, with this secret.
    fn profile(&self, url: &str, secret: &str) -> String {
        let (Self { keys, key, .. }, (place, path)) = (self, self.url);
        let (place, url) = (place, quoted(&format!("{url}{path}")));
        let mut text = format!("[profile.try]\n{place} = {url}\n");
        for (key, value) in *keys {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
        for (key, value) in self.secrets.iter().chain([&(*key, secret)]) {
            let _ = writeln!(text, "{key} = {{ danger_plain = {} }}", quoted(value));
        }
        text
    }
}

/// A text as TOML writes it, which is as JSON does.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

const NEXT: &str = "A profile of your own goes into the configuration, with a place for each secret in place of \
                    `danger_plain`;\n`auth-all list` names the files.";
const WIDTH: usize = 72;
