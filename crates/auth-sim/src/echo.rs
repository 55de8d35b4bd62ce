//! `POST /echo`, on every simulator, for those who want to see a body arrive twice.

use crate::{Received, Response};

/// The body that arrived, as what it said it was.
pub(crate) fn answer(request: &Received) -> Response {
    let content_type = request
        .header("content-type")
        .unwrap_or("application/octet-stream");
    Response::new(200).body(content_type, request.body.clone())
}
