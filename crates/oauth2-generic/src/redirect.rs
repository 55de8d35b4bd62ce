//! The URL that the user returns to.

use auth_core::error::Refusal;
use auth_core::{Error, Result, Secret};
use percent_encoding::percent_decode_str;

use crate::authorize::normal;

/// The two parts of a redirect that can hold a response.
#[derive(Clone, Copy)]
pub(crate) struct Redirect<'a> {
    pub(crate) query: &'a str,
    pub(crate) fragment: &'a str,
}

/// The parameters of one part, decoded once. A parameter without a value is left out (RFC 6749 §3.1).
pub(crate) struct Parameters(Vec<(String, Secret)>);

/// Values that a redirect must repeat to belong to a login.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) state: &'a str,
    /// `None`: any.
    pub(crate) issuer: Option<&'a str>,
    /// `true` if a redirect without an issuer is refused.
    pub(crate) must_name_issuer: bool,
}

impl<'a> Redirect<'a> {
    /// Takes a redirect apart, if it leads to `redirect_uri`.
    pub(crate) fn new(url: &'a str, redirect_uri: &str) -> Result<Self> {
        let (rest, fragment) = url.trim().split_once('#').unwrap_or((url.trim(), ""));
        let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (expected, own_query) = redirect_uri.split_once('?').unwrap_or((redirect_uri, ""));
        let same_base = normal(base).is_some_and(|base| Some(base) == normal(expected));
        // A redirect URI may have a query of its own, which must come back (RFC 6749 §3.1.2).
        let returned = |own: &str| pairs(query).any(|pair| decode(pair).ok() == decode(own).ok());
        if !same_base || !pairs(own_query).all(returned) {
            return Err(Error::configuration(
                "the URL does not lead to `redirect_uri`; pass the whole URL that the browser was sent to",
            ));
        }
        Ok(Self { query, fragment })
    }
}

impl Parameters {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let named = pairs(text).filter_map(|pair| pair.split_once('='));
        let parameters =
            named.map(|(name, value)| Ok((decode(name)?, Secret::new(decode(value)?))));
        let parameters: Result<Vec<(String, Secret)>> = parameters.collect();
        Ok(Self(
            parameters?
                .into_iter()
                .filter(|(_, value)| !value.expose().is_empty())
                .collect(),
        ))
    }

    /// Removes a parameter, which must not be repeated.
    pub(crate) fn take(&mut self, name: &'static str) -> Result<Option<Secret>> {
        let mut found = self.0.extract_if(.., |(found, _)| found == name);
        let first = found.next();
        match found.next() {
            None => Ok(first.map(|(_, value)| value)),
            Some(_) => Err(Error::response(format!("the redirect has `{name}` twice"))),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Adds the parameters of another part of the redirect that this one lacks.
    pub(crate) fn fill_from(&mut self, mut other: Self) -> Result<()> {
        for name in ["iss", "state", "error", "error_description", "error_uri"] {
            if let Some(value) = other.take(name)?
                && !self.has(name)
            {
                self.0.push((name.to_owned(), value));
            }
        }
        Ok(())
    }

    /// Fails for a redirect of another login, and for a refusal.
    pub(crate) fn check(&mut self, expected: Expected<'_>) -> Result<()> {
        let (state, issuer) = (self.take("state")?, self.take("iss")?);
        // Secrets are compared in a time that does not tell where they differ.
        let is_another = |found: &Option<Secret>, expected: &str| {
            found
                .as_ref()
                .is_some_and(|found| *found != Secret::new(expected))
        };
        if is_another(&state, expected.state) {
            return Err(Error::response(
                "`state` mismatch: the redirect belongs to a different login or was forged; start again",
            ));
        }
        if expected
            .issuer
            .is_some_and(|expected| is_another(&issuer, expected))
        {
            return Err(Error::response(
                "`iss` mismatch: the redirect comes from another server, or `Server::issuer` is not the server's own name \
                 for itself",
            ));
        }
        match self.refusal()? {
            Some(refusal) if state.is_some() => return Err(refusal.into()),
            Some(refusal) => {
                // Anyone may have written it, so none of its words but a standard's are passed on.
                if let Some(code) = known_code(&refusal.code.to_string()) {
                    return Err(Refusal::new(code, None).into());
                }
            }
            None => {}
        }
        // Asked last, because servers leave them out when they refuse: django-oauth-toolkit the issuer.
        if state.is_none() {
            return Err(Error::response(
                "the redirect has no `state`; pass the whole URL, and if it is whole, it was forged",
            ));
        }
        if expected.must_name_issuer && issuer.is_none() {
            return Err(Error::response(
                "the redirect has no `iss`; if this server never names itself, leave `Server::issuer` out, or call \
                 `Server::ignore_announced(\"issuer\")`",
            ));
        }
        Ok(())
    }

    /// The remaining parameters.
    pub(crate) fn into_rest(self) -> Vec<(String, Secret)> {
        self.0
    }

    /// A refusal (RFC 6749 §4.1.2.1 and §4.2.2.1); where to read more is part of its description.
    fn refusal(&mut self) -> Result<Option<Refusal>> {
        let (description, uri) = (self.take("error_description")?, self.take("error_uri")?);
        let Some(code) = self.take("error")? else {
            return Ok(None);
        };
        let texts = [
            description,
            // Its query may hold what is for this user alone.
            uri.map(|uri| {
                let page = uri.expose().split(['?', '#']).next().unwrap_or_default();
                Secret::new(format!("see {page}"))
            }),
        ];
        let texts: Vec<&str> = texts.iter().flatten().map(Secret::expose).collect();
        Ok(Some(Refusal::new(code.expose(), Some(&texts.join("; ")))))
    }
}

/// The code of a refusal in a redirect, if a standard defines it.
pub(crate) fn known_code(code: &str) -> Option<&'static str> {
    CODES.iter().find(|known| **known == code).copied()
}

fn pairs(text: &str) -> impl Iterator<Item = &str> {
    text.split('&').filter(|pair| !pair.is_empty())
}

/// Decodes once: an encoding that is left belongs to the value.
fn decode(text: &str) -> Result<String> {
    // Decoding never lengthens, so no second buffer is left behind.
    let mut bytes = Vec::with_capacity(text.len());
    for (index, piece) in text.split('+').enumerate() {
        if index > 0 {
            bytes.push(b' ');
        }
        bytes.extend(percent_decode_str(piece));
    }
    String::from_utf8(bytes).map_err(|_| Error::response("the redirect is not UTF-8"))
}

/// RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6, RFC 8707 §2.
const CODES: [&str; 17] = [
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
    "invalid_target",
];
