//! `auth-all status`: each login, its next renewal, and where its settings come from.

use std::fmt::Write as _;
use std::time::SystemTime;

use auth_all::SessionStatus;
use serde_json::{Value, json};

use crate::args;
use crate::failure::{Failure, Result, chain};
use crate::format::{epoch, rfc3339};
use crate::output;
use crate::profile::Profile;

use super::Context;

pub(super) fn run(context: &Context, options: &args::Status) -> Result<()> {
    let Some(name) = &options.profile else {
        return all(context, options.json);
    };
    let profile = context.config.profile(Some(name))?;
    let state = state(context, profile);
    match options.json {
        true => output::result(&format!("{}\n", object(profile, &state))),
        false => output::result(&details(context, profile, &state)),
    }
}

fn all(context: &Context, is_json: bool) -> Result<()> {
    let profiles = context.config.profiles();
    let states = profiles.map(|profile| (profile, state(context, profile)));
    if is_json {
        let objects: Vec<_> = states.map(|(it, state)| object(it, &state)).collect();
        return output::result(&format!("{}\n", Value::from(objects)));
    }
    let rows = states.map(|(profile, state)| {
        let line = match &state {
            Ok(status) => status.to_string(),
            Err(failure) => failure.words().to_owned(),
        };
        [profile.name.clone(), profile.kind().to_owned(), line]
    });
    let rows: Vec<_> = rows.collect();
    match rows.is_empty() {
        true => Err(Failure::configuration(format!(
            "there is no profile {}",
            context.config.known()
        ))),
        false => output::result(&output::aligned(&rows, "")),
    }
}

/// Reads the store and sends no token request.
fn state(context: &Context, profile: &Profile) -> Result<SessionStatus> {
    let session = context.session(profile)?;
    // The status has the times of a token that the session holds. A store that fails is part of it.
    let _ = session.held();
    Ok(session.status())
}

fn details(context: &Context, profile: &Profile, state: &Result<SessionStatus>) -> String {
    let mut text = format!("{} ({})\n", profile.name, profile.kind());
    match state {
        Ok(status) => {
            for line in format!("{status:#}").lines() {
                let _ = writeln!(text, "  {line}");
            }
            let times = [
                ("expires", status.expires_at),
                ("renewal", status.renewal_due_at),
            ];
            for (name, at) in times {
                if let Some(at) = at {
                    let _ = writeln!(text, "  {name}: {}", rfc3339(at));
                }
            }
        }
        Err(failure) => {
            let _ = writeln!(text, "  {}", failure.words());
        }
    }
    let _ = writeln!(text, "  kept in: {}", context.config.store.name());
    let settings = profile.settings().iter();
    let rows: Vec<_> = settings
        .map(|it| [it.key.to_owned(), it.value.clone(), it.place.clone()])
        .collect();
    text.push_str("settings\n");
    text.push_str(&output::aligned(&rows, "  "));
    text
}

fn object(profile: &Profile, state: &Result<SessionStatus>) -> Value {
    let mut object = json!({ "profile": profile.name, "kind": profile.kind() });
    match state {
        Ok(status) => {
            let time = |at: Option<SystemTime>| at.map(rfc3339);
            object["summary"] = status.to_string().into();
            object["expires_at"] = time(status.expires_at).into();
            object["expires_at_epoch"] = status.expires_at.map(epoch).into();
            object["renewal_due_at"] = time(status.renewal_due_at).into();
            let failed = status.last_error.as_ref();
            object["last_error"] = failed.map(chain).into();
            object["exit_code"] = failed.map(|it| it.remedy().exit_code()).into();
        }
        Err(failure) => {
            object["last_error"] = failure.words().into();
            object["exit_code"] = failure.code().into();
        }
    }
    let settings = profile.settings().iter();
    let settings: Vec<_> = settings
        .map(|it| json!({ "key": it.key, "value": it.value, "place": it.place }))
        .collect();
    object["settings"] = settings.into();
    object
}
