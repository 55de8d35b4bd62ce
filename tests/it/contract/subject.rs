//! The vendors, each with a grant that works, one that does not, and one without a password.

use aerion_auth::Aerion;
use aeris_auth::Aeris;
use auth_all::Secret;
use auth_core::Grant;
use auth_sim::{Dialect, Simulator, SimulatorBuilder, Vendor};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, Password, RefreshToken};

/// Makes a grant for the URL of a simulator.
pub(super) type Make = fn(&str) -> Box<dyn Grant>;

/// What the suite has to know of a vendor.
pub(super) struct Subject {
    vendor: Vendor,
    /// The words of its refusals; none, and it refuses as it documents.
    pub(super) dialect: Option<Dialect>,
    /// The grant type of a login.
    pub(super) login: &'static str,
    pub(super) grant: Make,
    pub(super) wrong: Make,
    /// Lives on a refresh token alone, if there are any.
    pub(super) keeper: Option<Make>,
    /// The client's secret, if the vendor looks at it,
    pub(super) client_secret: Option<&'static str>,
    /// and what works but for that.
    pub(super) outdated: Option<Make>,
    /// A path of the API, and the status with which it rejects a token.
    pub(super) api: &'static str,
    pub(super) rejects_with: u16,
    /// What must not be shown.
    pub(super) secrets: &'static [&'static str],
}

impl Subject {
    pub(super) fn simulator(&self) -> Builder {
        let builder = Simulator::builder(self.vendor);
        match self.dialect {
            Some(dialect) => builder.dialect(dialect),
            None => builder,
        }
    }

    pub(super) fn keeper(&self) -> Make {
        self.keeper.expect("a vendor with refresh tokens")
    }
}

pub(super) fn aerion(dialect: Option<Dialect>) -> Subject {
    use auth_sim::aerion::{COMPANY, PASSWORD, USERNAME};
    fn login(base: &str, password: &str) -> Box<dyn Grant> {
        Box::new(keeper(base).password(USERNAME, Secret::new(password)))
    }
    fn keeper(base: &str) -> Aerion {
        Aerion {
            company: COMPANY.into(),
            base: base.into(),
            ..Aerion::default()
        }
    }
    Subject {
        vendor: Vendor::Aerion,
        dialect,
        login: "password",
        grant: |base| login(base, PASSWORD),
        wrong: |base| login(base, WRONG),
        keeper: Some(|base| Box::new(keeper(base))),
        client_secret: None,
        outdated: None,
        api: "/v1/users/me",
        rejects_with: 403,
        secrets: &[PASSWORD, WRONG],
    }
}

pub(super) fn aeris(dialect: Option<Dialect>) -> Subject {
    use auth_sim::aeris::{ACCOUNT_ID, ACCOUNT_SECRET, CLIENT_ID, CLIENT_SECRET, REQUESTER_ID};
    fn login(base: &str, client_secret: &str, account_secret: &str) -> Box<dyn Grant> {
        Box::new(
            Aeris::new(CLIENT_ID, Secret::new(client_secret))
                .account(ACCOUNT_ID, Secret::new(account_secret))
                .requester(REQUESTER_ID)
                .base(base),
        )
    }
    Subject {
        vendor: Vendor::Aeris,
        dialect,
        login: "client_credentials",
        grant: |base| login(base, CLIENT_SECRET, ACCOUNT_SECRET),
        wrong: |base| login(base, CLIENT_SECRET, WRONG),
        keeper: None,
        client_secret: Some(CLIENT_SECRET),
        outdated: Some(|base| login(base, WRONG, ACCOUNT_SECRET)),
        api: "/devicesQuery/18002/devices/cellUtilization",
        rejects_with: 401,
        secrets: &[CLIENT_SECRET, ACCOUNT_SECRET, WRONG],
    }
}

pub(super) fn ermeo(dialect: Option<Dialect>) -> Subject {
    use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
    fn login(base: &str, client_secret: &str, password: &str) -> Box<dyn Grant> {
        Box::new(keeper(base, client_secret).password(USERNAME, Secret::new(password)))
    }
    fn keeper(base: &str, client_secret: &str) -> Ermeo {
        Ermeo::new(CLIENT_ID, Secret::new(client_secret)).base(base)
    }
    Subject {
        vendor: Vendor::Ermeo,
        dialect,
        login: "password",
        grant: |base| login(base, CLIENT_SECRET, PASSWORD),
        wrong: |base| login(base, CLIENT_SECRET, WRONG),
        keeper: Some(|base| Box::new(keeper(base, CLIENT_SECRET))),
        client_secret: Some(CLIENT_SECRET),
        outdated: Some(|base| login(base, WRONG, PASSWORD)),
        api: "/api/v1/assets?limit=10&page=1",
        rejects_with: 401,
        secrets: &[CLIENT_SECRET, PASSWORD, WRONG],
    }
}

pub(super) fn generic(dialect: Option<Dialect>) -> Subject {
    use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
    fn client(base: &str, client_secret: &str) -> Client {
        Client::new(Server::new(format!("{base}/token")), CLIENT_ID)
            .secret(Secret::new(client_secret))
    }
    fn login(base: &str, client_secret: &str, password: &str) -> Box<dyn Grant> {
        Box::new(Password::new(
            client(base, client_secret),
            USERNAME,
            Secret::new(password),
        ))
    }
    fn keeper(base: &str) -> Box<dyn Grant> {
        Box::new(RefreshToken::new(client(base, CLIENT_SECRET)))
    }
    Subject {
        vendor: Vendor::Generic,
        dialect,
        login: "password",
        grant: |base| login(base, CLIENT_SECRET, PASSWORD),
        wrong: |base| login(base, CLIENT_SECRET, WRONG),
        keeper: Some(keeper),
        client_secret: Some(CLIENT_SECRET),
        outdated: Some(|base| login(base, WRONG, PASSWORD)),
        api: "/whoami",
        rejects_with: 401,
        secrets: &[CLIENT_SECRET, PASSWORD, WRONG],
    }
}

const WRONG: &str = "not-the-right-one";
