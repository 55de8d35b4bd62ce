//! A transport whose responses are also looked at before they are read.

use std::time::Duration;

use auth_core::Result;
use auth_core::http::{Request, Response};
use auth_core::transport::Transport;

/// Sends by another transport and shows each response to a function.
pub(crate) struct Watched<'a, F> {
    http: &'a dyn Transport,
    look: F,
}

impl<'a, F: Fn(&Response<Vec<u8>>) + Send + Sync> Watched<'a, F> {
    pub(crate) fn new(http: &'a dyn Transport, look: F) -> Self {
        Self { http, look }
    }
}

impl<F: Fn(&Response<Vec<u8>>) + Send + Sync> Transport for Watched<'_, F> {
    fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>> {
        let response = self.http.send(request)?;
        (self.look)(&response);
        Ok(response)
    }

    fn timeout(&self) -> Duration {
        self.http.timeout()
    }
}
