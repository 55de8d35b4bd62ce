//! The header that names the company, and the company's URL.

use auth_core::{Error, Result};

/// Header that names the company; each works, also on the neutral host.
///
/// ```
/// use aerion_auth::testing::CannedTransport;
/// use aerion_auth::{Aerion, Secret, Session, TenantHeader};
///
/// // A proxy on the way removes headers that it does not know.
/// let aerion = Aerion::new("acme")
///     .password("ada@example.com", Secret::new("correct horse"))
///     .tenant_header(TenantHeader::Origin);
/// let http = CannedTransport::new().json(200, r#"{"access_token": "abc", "token_type": "Bearer"}"#);
/// Session::builder(aerion).transport(http.clone()).build()?.token()?;
/// assert_eq!(http.requests()[0].headers()["origin"], "https://acme.aerion.app");
/// # Ok::<(), aerion_auth::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TenantHeader {
    /// `companyurl`, Aerion's own.
    #[default]
    CompanyUrl,
    /// `Origin`, as a browser sends it.
    Origin,
    /// `Referer`, as a browser sends it.
    Referer,
}

impl TenantHeader {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CompanyUrl => "companyurl",
            Self::Origin => "origin",
            Self::Referer => "referer",
        }
    }
}

/// The company as the full URL that Aerion expects: lower case, no port and no slash at the end.
pub(crate) fn url(company: &str) -> Result<String> {
    let lower = company.to_ascii_lowercase();
    let host = lower.strip_prefix("https://").unwrap_or(&lower);
    let host = host.trim_end_matches('/');
    let host = host.strip_suffix(":443").unwrap_or(host);
    let is_host_name = |part: &str| {
        let inside = part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inside && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
    };
    if host.len() > LONGEST_HOST || !host.split('.').all(is_host_name) {
        return Err(Error::configuration(
            "`company` is not a company name (acme), a host (acme.aerion.app) or its https URL",
        ));
    }
    Ok(if host.contains('.') {
        format!("https://{host}")
    } else {
        format!("https://{host}.aerion.app")
    })
}

/// The longest host name (RFC 1035 §2.3.4).
const LONGEST_HOST: usize = 253;
