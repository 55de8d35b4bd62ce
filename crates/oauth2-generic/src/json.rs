//! JSON that is read as a response is: its texts are secrets, which wipe themselves.

use auth_core::Result;
use auth_core::grant::{JsonResponse, TokenRequest};
use auth_core::http::{Request, Response};
use auth_core::transport::Transport;

/// Reads a JSON object.
pub(crate) fn object(json: &str) -> Result<JsonResponse> {
    TokenRequest::query("https://localhost/").fetch(&Text(json))
}

/// A text that is read as if a server had sent it.
struct Text<'a>(&'a str);

impl Transport for Text<'_> {
    fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        Ok(Response::new(self.0.as_bytes().to_vec()))
    }
}
