//! TLS settings without a TLS library: there is nothing to set.

use ureq::SendBody;
use ureq::config::{Config, ConfigBuilder};
use ureq::typestate::{AgentScope, HttpCrateScope};

use crate::error::Result;

use super::Tls;

#[derive(Clone, Default)]
pub(crate) struct TlsSettings(());

impl TlsSettings {
    pub(super) fn new(tls: &Tls) -> Result<Self> {
        // Whatever it names is set without effect; an address with https is an error.
        let _ = tls;
        Ok(Self(()))
    }

    pub(crate) fn of(_: &Config) -> Self {
        Self(())
    }

    pub(crate) fn of_agent(&self, config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
        config
    }

    pub(crate) fn of_request<'a>(
        &self,
        config: ConfigBuilder<HttpCrateScope<SendBody<'a>>>,
    ) -> ConfigBuilder<HttpCrateScope<SendBody<'a>>> {
        config
    }

    pub(crate) fn has_certificate_of(&self, _: &Self) -> bool {
        true
    }

    pub(crate) fn check_compiled(&self) -> Result<()> {
        Ok(())
    }

    pub(crate) fn is_rustls(&self) -> bool {
        true
    }
}
