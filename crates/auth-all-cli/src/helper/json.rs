//! Helpers that speak JSON: kubectl, docker, cargo, bazel and terraform.

use std::env;
use std::io::{self, BufRead as _};

use auth_all::Secret;
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::format::{epoch, rfc3339};
use crate::output;

use super::caller::Caller;
use super::{Helper, Place, input};

impl Helper<'_> {
    /// An `ExecCredential` of the version that kubectl names in its environment.
    pub(super) fn kubectl(&self) -> Result<u8> {
        let info = env::var("KUBERNETES_EXEC_INFO").unwrap_or_default();
        let info: Value = serde_json::from_str(&info).map_err(|_| {
            Failure::usage("kubectl runs this, with `KUBERNETES_EXEC_INFO` in the environment")
        })?;
        let Some(server) = info["spec"]["cluster"]["server"].as_str() else {
            return Err(Failure::configuration(
                "kubectl does not name the cluster, so `api` cannot be checked; set `provideClusterInfo: true`",
            ));
        };
        let named = self.first()?;
        let place = Place::of(server);
        let profile = place.map_or(Ok(None), |place| self.find(named, &place))?;
        let profile = profile.ok_or_else(|| {
            Failure::configuration(format!("{server} is in the `api` of no profile"))
        })?;
        let mut token = self.token(profile)?;
        // kubectl keeps a token while it is valid, so it asks again because a server has refused it. A program that reads
        // its settings again asks, too: without another token, it keeps the one that may be valid.
        if let Some(caller) = Caller::this(&format!("kubectl {} {server}", profile.name)) {
            if caller.has(&token) {
                match self.another(profile, &token) {
                    Ok(another) => token = another,
                    Err(failure) => failure.print(),
                }
            }
            caller.gets(&token);
        }
        let mut status = json!({ "token": token.expose() });
        if let Some(at) = token.expires_at() {
            status["expirationTimestamp"] = rfc3339(at).into();
        }
        let version = info["apiVersion"].as_str().unwrap_or(KUBERNETES);
        print(&json!({ "apiVersion": version, "kind": "ExecCredential", "status": status }))
    }

    /// docker's credential helpers; podman, skopeo and buildah run them, too.
    pub(super) fn docker(&self) -> Result<u8> {
        let (named, words) = self.named();
        match words.first().map(String::as_str) {
            Some("list") => print(&json!({})),
            // `docker login` stores what it was given by `get`.
            Some("store" | "erase") => input().map(|_| 0),
            Some("get") => {
                let text = input()?;
                let host = text.expose().trim();
                let place = Place::of(host);
                let profile = place.map_or(Ok(None), |place| self.find(named, &place))?;
                let Some(profile) = profile else {
                    // The words by which docker recognizes that there are none.
                    output::result("credentials not found in native keychain\n")?;
                    return Ok(1);
                };
                let token = self.token(profile)?;
                let user = &profile.helper().user;
                print(&json!({ "ServerURL": host, "Username": user, "Secret": token.expose() }))
            }
            _ => Err(Failure::usage(
                "docker runs this with get, store, erase or list",
            )),
        }
    }

    /// cargo's credential provider: a line from us, then a line for each request.
    pub(super) fn cargo(&self) -> Result<u8> {
        each_request(|request| self.cargo_answer(request))
    }

    fn cargo_answer(&self, request: &Value) -> Value {
        let url = request["registry"]["index-url"]
            .as_str()
            .unwrap_or_default();
        let place = Place::of(url.strip_prefix("sparse+").unwrap_or(url));
        let words = request["args"].as_array().into_iter().flatten();
        let mut profiles = words.filter_map(Value::as_str).filter_map(|word| {
            let profile = self.context.config.profile(Some(word));
            profile.ok()
        });
        let found = place.map_or(Ok(None), |place| self.find(profiles.next_back(), &place));
        let profile = match found {
            Ok(Some(profile)) => profile,
            Ok(None) => return json!({ "Err": { "kind": "url-not-supported" } }),
            Err(failure) => return failed(&failure),
        };
        match request["kind"].as_str() {
            Some("get") => {}
            Some("logout") => {
                let out = self
                    .session(profile)
                    .and_then(|session| session.log_out().map_err(|error| profile.failed(&error)));
                return match out {
                    Ok(()) => json!({ "Ok": { "kind": "logout" } }),
                    Err(failure) => failed(&failure),
                };
            }
            Some("login") => {
                let login = format!("run: auth-all login {}", profile.name);
                return failed(
                    &Failure::log_in("cargo passes no login to this program").advice(login),
                );
            }
            _ => return unsupported(),
        }
        match self.token(profile) {
            Err(failure) => failed(&failure),
            Ok(token) => {
                // cargo sends it as the whole header.
                let header = match profile.helper().cargo_bare {
                    true => token.expose().to_owned(),
                    false => format!("Bearer {}", token.expose()),
                };
                let mut answer = json!({
                    "kind": "get", "token": header, "cache": "session", "operation_independent": true,
                });
                if let Some(at) = token.expires_at() {
                    answer["cache"] = "expires".into();
                    answer["expiration"] = epoch(at).into();
                }
                json!({ "Ok": answer })
            }
        }
    }

    /// Bazel's credential helper: a request with a `uri`.
    pub(super) fn bazel(&self) -> Result<u8> {
        let (named, _) = self.named();
        let text = input()?;
        let request: Value = serde_json::from_str(text.expose())
            .map_err(|_| Failure::usage("bazel runs this, with JSON on standard input"))?;
        let place = request["uri"].as_str().and_then(Place::of);
        let profile = place.map_or(Ok(None), |place| self.find(named, &place))?;
        let Some(profile) = profile else {
            return print(&json!({ "headers": {} }));
        };
        let token = self.token(profile)?;
        let value = String::from_utf8_lossy(token.authorization().as_bytes());
        let mut answer = json!({ "headers": { (profile.header()): [value] } });
        if let Some(at) = token.expires_at() {
            answer["expires"] = rfc3339(at).into();
        }
        print(&answer)
    }

    /// terraform's credentials helper: `PROFILE get HOST`.
    pub(super) fn terraform(&self) -> Result<u8> {
        let (named, words) = self.named();
        let (action, host) = match words {
            [action, host] => (action.as_str(), host),
            _ => {
                return Err(Failure::usage(
                    "terraform runs this with get, store or forget, and a host",
                ));
            }
        };
        let place = Place::of(host);
        let profile = place.map_or(Ok(None), |place| self.find(named, &place))?;
        match (action, profile) {
            ("get", Some(profile)) => print(&json!({ "token": self.token(profile)?.expose() })),
            ("get", None) => print(&json!({})),
            (_, Some(profile)) => {
                let refusal = format!("{}: terraform cannot change this login", profile.name);
                let name = &profile.name;
                let advice = format!("run: auth-all login {name}, or auth-all logout {name}");
                Err(Failure::usage(refusal).advice(advice))
            }
            (_, None) => Err(Failure::usage(format!(
                "{host} is in the `api` of no profile"
            ))),
        }
    }
}

/// Answers cargo, whatever it asks for, that there is this failure.
pub(super) fn cargo_fails(failure: &Failure) -> Result<u8> {
    each_request(|_| failed(failure))
}

/// A line of ours, then an answer to each line of cargo's.
fn each_request(answer: impl Fn(&Value) -> Value) -> Result<u8> {
    print(&json!({ "v": [1] }))?;
    for line in io::stdin().lock().lines() {
        let line = line
            .map(Secret::new)
            .map_err(|error| Failure::output(&error))?;
        print(&match serde_json::from_str(line.expose()) {
            Ok(request) => answer(&request),
            Err(_) => unsupported(),
        })?;
    }
    Ok(0)
}

fn failed(failure: &Failure) -> Value {
    let message = failure.text();
    json!({ "Err": { "kind": "other", "message": message.trim_end(), "caused-by": [] } })
}

fn unsupported() -> Value {
    json!({ "Err": { "kind": "operation-not-supported" } })
}

fn print(value: &Value) -> Result<u8> {
    let text = Secret::new(format!("{value}\n"));
    output::result(text.expose()).map(|()| 0)
}

/// The version of a kubectl that names none.
const KUBERNETES: &str = "client.authentication.k8s.io/v1";
