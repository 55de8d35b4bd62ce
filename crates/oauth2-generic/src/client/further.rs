//! The parameters that a server wants besides those of a grant.

use auth_core::grant::TokenRequest;
use auth_core::{Error, Result};

use super::Client;

/// What a request sends of its own, which no further parameter may repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'a> {
    /// The parameters that the grant adds.
    pub(crate) names: &'a [&'a str],
    /// Whether it says who the client is.
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
        let scope = (!self.scope.is_empty()).then_some("scope");
        names.iter().copied().chain(scope).collect()
    }

    /// The request with what the token is for, and what this server wants besides.
    pub(crate) fn with_target(&self, request: TokenRequest, own: &[&str]) -> Result<TokenRequest> {
        self.with_further(request, own.into(), &[])
    }

    /// The same with parameters that replace those of the same name in `extra`.
    pub(crate) fn with_further(
        &self,
        request: TokenRequest,
        own: Own<'_>,
        in_refresh: &[(String, String)],
    ) -> Result<TokenRequest> {
        self.check_repetition()?;
        let mut request = request.optional("audience", &self.audience);
        for resource in self.resources() {
            request = request.param("resource", resource);
        }
        let is_replaced = |name: &str| in_refresh.iter().any(|(it, _)| it == name);
        let extra = self.extra.iter().filter(|(name, _)| !is_replaced(name));
        let extra = extra.map(|parameter| ("extra", parameter));
        let in_refresh = in_refresh.iter().map(|it| ("extra_in_refresh", it));
        for (list, (name, value)) in extra.chain(in_refresh) {
            if !self.sets(name, own) {
                request = request.param(name.clone(), value);
            } else if !self.says_the_same(name, value) {
                return Err(stands_twice(name, list));
            }
        }
        for (name, value) in &self.extra_secrets {
            if self.sets(name, own) {
                return Err(stands_twice(name, "extra_secrets"));
            }
            request = request.param(name.clone(), value);
        }
        Ok(request)
    }

    /// Whether a request sends this parameter by itself.
    pub(crate) fn sets(&self, name: &str, own: Own<'_>) -> bool {
        let by_client = || self.client_auth.parameters(self).contains(&name);
        match name {
            "grant_type" => true,
            "audience" if !self.audience.is_empty() => true,
            "resource" if self.resources().next().is_some() => true,
            _ => own.names.contains(&name) || own.names_client && by_client(),
        }
    }

    /// Whether a further parameter repeats a field word for word, which does no harm.
    fn says_the_same(&self, name: &str, value: &str) -> bool {
        match name {
            "audience" => value == self.audience,
            "client_id" => value == self.client_id,
            "scope" => value == self.scope,
            _ => false,
        }
    }
}

/// The error for a further parameter that a request sends already: none may stand twice (RFC 6749 §3.1 and §3.2).
pub(crate) fn stands_twice(name: &str, list: &str) -> Error {
    let instead = match name {
        "grant_type" => "`ExtensionGrant` is for a grant type of your own",
        "client_assertion" | "client_assertion_type" => "`client_auth` sets it",
        "resource" => "`resource` and `further_resources` set it",
        "client_id" | "client_secret" | "scope" | "audience" | "username" | "password"
        | "redirect_uri" => "the field of that name sets it",
        "dpop_jkt" => "`dpop` sets it",
        _ => "its value follows from the login",
    };
    Error::configuration(format!(
        "`{name}` is sent by this request already; take it out of `{list}`: {instead}"
    ))
}
