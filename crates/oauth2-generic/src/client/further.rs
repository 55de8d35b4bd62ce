//! Parameters beyond those of a grant: the target of a token, and the server's own.

use auth_core::grant::TokenRequest;
use auth_core::{Error, Result};

use crate::server::Encoding;

use super::{Client, optional};

/// Parameters that a request sends by itself, and no further parameter may repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    /// The parameters that the grant adds.
    pub(crate) names: &'a [&'a str],
    /// `true` if the client is named.
    pub(crate) names_client: bool,
}

impl<'a> From<&'a [&'a str]> for Own<'a> {
    fn from(names: &'a [&'a str]) -> Self {
        let names_client = true;
        Self {
            names,
            names_client,
        }
    }
}

impl Client {
    /// The parameters of a grant, and `scope` where it is set.
    pub(crate) fn and_scope<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        let scope = self.wanted_scope().map(|_| "scope");
        names.iter().copied().chain(scope).collect()
    }

    /// The request with the target of its token, and the server's own parameters.
    pub(crate) fn with_target(&self, request: TokenRequest, own: &[&str]) -> Result<TokenRequest> {
        self.with_further(request, own.into(), &[])
    }

    /// Does so with parameters of a refresh, which replace those of the same name.
    pub(super) fn with_further(
        &self,
        request: TokenRequest,
        own: Own<'_>,
        in_refresh: &[(String, String)],
    ) -> Result<TokenRequest> {
        self.check_repetition()?;
        let mut request = optional(request, "audience", self.wanted_audience());
        for resource in self.resources() {
            request = request.param("resource", resource);
        }
        let is_replaced = |name: &str| in_refresh.iter().any(|(it, _)| it == name);
        let params = self.0.params.iter().filter(|(name, _)| !is_replaced(name));
        let params = params.map(|parameter| ("Client::param", parameter));
        let in_refresh = in_refresh.iter().map(|it| ("Client::refresh_param", it));
        for (setting, (name, value)) in params.chain(in_refresh) {
            if !self.sets(name, own) {
                request = request.param(name.clone(), value);
            } else if !self.says_the_same(name, value) {
                return Err(repeated(name, setting));
            }
        }
        for (name, value) in &self.0.secret_params {
            if self.sets(name, own) {
                return Err(repeated(name, "Client::secret_param"));
            }
            request = request.secret(name.clone(), value);
        }
        Ok(request)
    }

    /// Fails for more than one resource where a body cannot hold them.
    pub(crate) fn check_repetition(&self) -> Result<()> {
        if self.server().written_as() == Encoding::Json && self.resources().len() > 1 {
            return Err(Error::configuration(
                "more than one `resource` needs a form; JSON cannot repeat a parameter",
            ));
        }
        Ok(())
    }

    /// Returns `true` if a request sends this parameter by itself.
    pub(crate) fn sets(&self, name: &str, own: Own<'_>) -> bool {
        let by_client = || self.authentication().parameters(self).contains(&name);
        match name {
            "grant_type" => true,
            "audience" if self.wanted_audience().is_some() => true,
            "resource" if !self.resources().is_empty() => true,
            _ => own.names.contains(&name) || own.names_client && by_client(),
        }
    }

    /// Returns `true` if a further parameter repeats a setting word for word, which does no harm.
    fn says_the_same(&self, name: &str, value: &str) -> bool {
        match name {
            "audience" => Some(value) == self.wanted_audience(),
            "client_id" => value == self.id(),
            "scope" => Some(value) == self.wanted_scope(),
            _ => false,
        }
    }
}

/// The error for a parameter that a request has already: none may be repeated (RFC 6749 §3.1 and §3.2).
pub(crate) fn repeated(name: &str, setting: &str) -> Error {
    let instead = match name {
        "grant_type" => "`ExtensionGrant` is for a grant type of your own",
        "client_secret" | "client_assertion" | "client_assertion_type" => {
            "`Client::secret` or `Client::auth` sets it"
        }
        "client_id" => "`Client::new` sets it",
        "scope" => "`Client::scope` sets it",
        "audience" => "`Client::audience` sets it",
        "resource" => "`Client::resource` sets it",
        "dpop_jkt" => "`Client::dpop` sets it",
        "username" | "password" | "redirect_uri" => "the grant's constructor sets it",
        _ => "its value follows from the login",
    };
    Error::configuration(format!(
        "`{name}` is in this request already; take it out of `{setting}`: {instead}"
    ))
}
