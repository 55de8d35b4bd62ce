//! Reads the secrets of a request, checks its values, and takes its fingerprint.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::clock::UnixTime;
use crate::error::{Error, Result};
use crate::fingerprint::{Digest, Fingerprint};
use crate::secret::{Secret, SecretSource, header_value};

use super::echo::Echo;
use super::{Shape, TokenRequest, headers, syntax};

/// A parameter before its value is read.
pub(super) struct Parameter {
    pub(super) name: Cow<'static, str>,
    /// The name of the setting, where it is not the parameter's.
    pub(super) setting: Option<&'static str>,
    value: Value,
}

enum Value {
    Read(SecretSource),
    /// Made anew for each sending.
    Fresh(Box<Make>),
}

type Make = dyn Fn(UnixTime) -> Result<Secret> + Send + Sync;

impl Parameter {
    pub(super) fn read(name: Cow<'static, str>, source: SecretSource) -> Self {
        let value = Value::Read(source);
        Self {
            name,
            setting: None,
            value,
        }
    }

    pub(super) fn fresh(
        name: Cow<'static, str>,
        make: impl Fn(UnixTime) -> Result<Secret> + Send + Sync + 'static,
    ) -> Self {
        let value = Value::Fresh(Box::new(make));
        Self {
            name,
            setting: None,
            value,
        }
    }

    /// The value, if it is neither read from elsewhere nor made anew.
    pub(super) fn value(&self) -> Option<&Secret> {
        match &self.value {
            Value::Read(source) => source.value(),
            Value::Fresh(_) => None,
        }
    }

    fn checked(&self, value: Secret) -> Result<Secret> {
        check_value(self.setting.unwrap_or(&self.name), &value).map(|()| value)
    }
}

/// Fails for a value that is missing or has characters that it cannot have.
pub(super) fn check_value(setting: &str, value: &Secret) -> Result<()> {
    if value.is_empty() {
        return Err(Error::configuration(format!(
            "`{setting}` is empty; set it"
        )));
    }
    match syntax::problem(setting, value.expose()) {
        Some(problem) => Err(Error::configuration(problem)),
        None => Ok(()),
    }
}

/// Secrets that were read for one renewal: what is fingerprinted is what is sent.
#[derive(Clone, Default)]
pub(crate) struct Readings(Arc<Mutex<Vec<(SecretSource, Secret)>>>);

impl Readings {
    fn read(&self, source: &SecretSource) -> Result<Secret> {
        if let Some(value) = source.value() {
            return Ok(value.clone());
        }
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source =
            |(it, secret): &(SecretSource, Secret)| it.is(source).then(|| secret.clone());
        if let Some(secret) = kept().iter().find_map(of_source) {
            return Ok(secret);
        }
        let secret = source.read()?;
        kept().push((source.clone(), secret.clone()));
        Ok(secret)
    }
}

/// A request whose secrets have been read.
pub(super) struct Ready {
    pub(super) parameters: Vec<(Cow<'static, str>, Secret)>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Values of headers that a server may repeat and that errors must not show.
    pub(super) hidden: Vec<Secret>,
}

impl Ready {
    /// All that a server may repeat in an error; a grant's and a scope's name are no secrets.
    pub(super) fn echo(&self) -> Echo {
        let parameters = self.parameters.iter();
        let secret = parameters.filter(|(name, _)| name != "grant_type" && name != "scope");
        let values = secret.map(|(_, value)| value).chain(&self.hidden);
        Echo::of(values.map(Secret::expose))
    }
}

impl TokenRequest {
    /// Reads and checks all that would be sent, except commands and closures, which are not run.
    ///
    /// # Errors
    /// [`Error::Configuration`], naming the setting, the file or the variable.
    pub fn check(&self) -> Result<()> {
        self.problem.clone().map_or(Ok(()), Err)?;
        for parameter in &self.parameters {
            if let Value::Read(source) = &parameter.value
                && let Some(value) = source.peek()?
            {
                parameter.checked(value)?;
            }
        }
        if let Some(basic) = &self.basic
            && let Some(secret) = basic.secret.peek()?
        {
            basic.check(&secret)?;
        }
        for (name, source) in &self.secret_headers {
            if let Some(value) = source.peek()? {
                secret_header(name, &value)?;
            }
        }
        self.credentials
            .iter()
            .try_for_each(|credential| credential.peek().map(drop))
    }

    /// Reads all that will be sent; `now` is the time of what is made anew.
    pub(super) fn ready(&self, readings: &Readings, now: Option<UnixTime>) -> Result<Ready> {
        self.problem.clone().map_or(Ok(()), Err)?;
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            let value = match (&parameter.value, now) {
                (Value::Read(source), _) => parameter.checked(readings.read(source)?)?,
                (Value::Fresh(make), Some(now)) => make(now)?,
                (Value::Fresh(_), None) => continue,
            };
            parameters.push((parameter.name.clone(), value));
        }
        let mut headers = self.headers.clone();
        let mut hidden = headers::hidden(&self.headers);
        if let Some(basic) = &self.basic {
            let secret = readings.read(&basic.secret)?;
            basic.check(&secret)?;
            headers.extend(basic.header(&secret, &mut hidden));
        }
        for (name, source) in &self.secret_headers {
            let value = readings.read(source)?;
            headers.push((name.clone(), secret_header(name, &value)?));
            headers::hide(&value, &mut hidden);
        }
        Ok(Ready {
            parameters,
            headers,
            hidden,
        })
    }

    /// Returns the fingerprint of all that would be sent, without what is made anew each time and without the refresh
    /// token `but`: another setting has another fingerprint. 0 for a closure without credentials.
    pub(crate) fn fingerprint(
        &self,
        readings: &Readings,
        but: Option<&Secret>,
    ) -> Result<Fingerprint> {
        let ready = self.ready(readings, None)?;
        if self.shape == Shape::Custom && self.credentials.is_empty() {
            return Ok(Fingerprint(0));
        }
        let mut hash = Digest::new();
        hash.text(&format!("{:?} {}", self.shape, self.endpoint));
        for (name, value) in &ready.parameters {
            if but.is_none_or(|but| but != value) {
                hash.text(name);
                hash.text(value.expose());
            }
        }
        for (name, value) in &ready.headers {
            hash.text(name.as_str());
            hash.bytes(value.as_bytes());
        }
        for credential in &self.credentials {
            let credential = readings.read(credential)?;
            if but.is_none_or(|but| *but != credential) {
                hash.text(credential.expose());
            }
        }
        hash.text(&format!("{:?}", self.format));
        Ok(hash.short())
    }
}

fn secret_header(name: &HeaderName, value: &Secret) -> Result<HeaderValue> {
    let bytes = Zeroizing::new(value.expose().as_bytes().to_vec());
    let header = header_value(bytes).filter(headers::is_sendable);
    header.ok_or_else(|| headers::refused(name.as_str()))
}
