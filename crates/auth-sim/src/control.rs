//! `/_sim`: how another process controls a simulator.

use std::time::Duration;

use serde_json::json;

use crate::realm::epoch;
use crate::received::Fields;
use crate::serve::{Shared, lock};
use crate::{Received, Response};

/// Returns the response to a request below `/_sim`; `None` for any other path.
///
/// Such a request is not part of the simulated server: it is not recorded, and no fault applies to it.
pub(crate) fn answer(shared: &Shared, request: &Received) -> Option<Response> {
    let action = request.path.strip_prefix("/_sim/")?;
    let fields = Fields::from_pairs([request.query_pairs(), request.form()].concat());
    Some(match (request.method.as_str(), action) {
        ("POST", "advance") => advance(shared, fields.text("seconds")),
        ("POST", "revoke") => revoke(shared, fields.text("tokens")),
        _ => Response::text(404, HELP),
    })
}

fn advance(shared: &Shared, seconds: &str) -> Response {
    let Ok(seconds) = seconds.parse::<u32>() else {
        return Response::text(400, HELP);
    };
    *lock(&shared.advanced) += Duration::from_secs(seconds.into());
    Response::json(200, &json!({"now": epoch(shared.now())}))
}

fn revoke(shared: &Shared, tokens: &str) -> Response {
    if !["", "access", "refresh"].contains(&tokens) {
        return Response::text(400, HELP);
    }
    let tokens_of = &mut lock(&shared.realm).tokens;
    if tokens != "refresh" {
        tokens_of.revoke_access();
    }
    if tokens != "access" {
        tokens_of.revoke_refresh();
    }
    Response::new(204)
}

const HELP: &str = "\
POST /_sim/advance?seconds=3600    moves the clock, a whole number of seconds
POST /_sim/revoke                  revokes all tokens; ?tokens=access or ?tokens=refresh these alone
";
