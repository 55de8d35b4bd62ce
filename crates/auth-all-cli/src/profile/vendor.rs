//! Profiles of the vendors: `vendor = "aerion"`, `"aeris"` or `"ermeo"`.

use auth_all::Grant;
use auth_all::aerion::{Aerion, TenantHeader};
use auth_all::aeris::Aeris;
use auth_all::ermeo::Ermeo;
use auth_all::secret::SecretSource;

use crate::config::table::Table;
use crate::failure::Result;

use super::LogIn;

/// A vendor's settings.
#[derive(Clone, Debug)]
pub(super) struct Vendor {
    grant: Kind,
    base: Option<String>,
    username: String,
    password: Option<SecretSource>,
}

#[derive(Clone, Debug)]
enum Kind {
    Aerion(Aerion),
    Aeris(Aeris),
    Ermeo(Ermeo),
}

/// The vendors that are more than a row of the table of presets.
pub(super) const NAMES: [&str; 3] = ["aerion", "aeris", "ermeo"];

impl Vendor {
    pub(super) fn read(name: &str, table: &Table<'_>) -> Result<Self> {
        let base = table.text("base")?;
        match name {
            "aerion" => Self::aerion(table, base),
            "aeris" => Self::aeris(table, base),
            "ermeo" => Self::ermeo(table, base),
            other => Err(table.wrong("vendor", &format!("has no vendor \"{other}\""))),
        }
    }

    fn aerion(table: &Table<'_>, base: Option<String>) -> Result<Self> {
        let (company, _) = table.required("company")?;
        let mut aerion = Aerion::new(company);
        if let Some(client_id) = table.text("client_id")? {
            aerion = aerion.app(client_id, table.required_source("client_secret")?);
        }
        if let Some(header) = table.text("tenant_header")? {
            aerion = aerion.tenant_header(match header.as_str() {
                "companyurl" => TenantHeader::CompanyUrl,
                "origin" => TenantHeader::Origin,
                "referer" => TenantHeader::Referer,
                _ => {
                    let complaint = "is \"companyurl\", \"origin\" or \"referer\"";
                    return Err(table.wrong("tenant_header", complaint));
                }
            });
        }
        if let Some(base) = &base {
            aerion = aerion.base(base);
        }
        Self::of_user(Kind::Aerion(aerion), base, table)
    }

    fn aeris(table: &Table<'_>, base: Option<String>) -> Result<Self> {
        let (client_id, _) = table.required("client_id")?;
        let mut aeris = Aeris::new(client_id, table.required_source("client_secret")?);
        let (account, _) = table.required("account_id")?;
        aeris = aeris.account(account, table.required_source("account_secret")?);
        aeris = aeris.requester(table.required("requester")?.0);
        if let Some(base) = &base {
            aeris = aeris.base(base);
        }
        Ok(Self {
            grant: Kind::Aeris(aeris),
            base,
            username: String::new(),
            password: None,
        })
    }

    fn ermeo(table: &Table<'_>, base: Option<String>) -> Result<Self> {
        let (client_id, _) = table.required("client_id")?;
        let mut ermeo = Ermeo::new(client_id, table.required_source("client_secret")?);
        if let Some(base) = &base {
            ermeo = ermeo.base(base);
        }
        Self::of_user(Kind::Ermeo(ermeo), base, table)
    }

    fn of_user(grant: Kind, base: Option<String>, table: &Table<'_>) -> Result<Self> {
        Ok(Self {
            grant,
            base,
            username: table.required("username")?.0,
            password: table.prompted("password")?,
        })
    }

    pub(super) fn name(&self) -> &'static str {
        match self.grant {
            Kind::Aerion(_) => "aerion",
            Kind::Aeris(_) => "aeris",
            Kind::Ermeo(_) => "ermeo",
        }
    }

    pub(super) fn place(&self) -> &str {
        self.base.as_deref().unwrap_or_default()
    }

    pub(super) fn asks(&self) -> LogIn<'_> {
        match (&self.grant, &self.password) {
            (Kind::Aeris(_), _) | (_, Some(_)) => LogIn::Unattended,
            (Kind::Aerion(_) | Kind::Ermeo(_), None) => LogIn::Password(&self.username),
        }
    }

    pub(super) fn has_refresh_tokens(&self) -> bool {
        !matches!(self.grant, Kind::Aeris(_))
    }

    pub(super) fn grant(&self, password: Option<SecretSource>) -> Box<dyn Grant> {
        let (user, password) = (&self.username, self.password.clone().or(password));
        match (&self.grant, password) {
            (Kind::Aerion(aerion), None) => Box::new(aerion.clone().username(user)),
            (Kind::Aerion(aerion), Some(secret)) => Box::new(aerion.clone().password(user, secret)),
            (Kind::Aeris(aeris), _) => Box::new(aeris.clone()),
            (Kind::Ermeo(ermeo), None) => Box::new(ermeo.clone().username(user)),
            (Kind::Ermeo(ermeo), Some(secret)) => Box::new(ermeo.clone().password(user, secret)),
        }
    }
}
