//! The vendors, each with a grant that works, one that does not, and one without a password.

use aerion_auth::Aerion;
use aeris_auth::Aeris;
use auth_core::Grant;
use auth_sim::{Received, Vendor};
use ermeo_auth::Ermeo;
use oauth2_generic::{Client, Password, RefreshToken};

/// Makes a grant for the URL of a simulator.
pub(super) type Make = fn(&str) -> Box<dyn Grant>;

/// What the suite has to know of a vendor.
pub(super) struct Subject {
    pub(super) vendor: Vendor,
    /// The grant type of a login.
    pub(super) login: &'static str,
    pub(super) grant: Make,
    pub(super) wrong: Make,
    /// Lives on a refresh token alone, if there are any.
    pub(super) keeper: Option<Make>,
    /// A path of the API, and the status with which it rejects a token.
    pub(super) api: &'static str,
    pub(super) rejects_with: u16,
    /// What must not be shown.
    pub(super) secrets: &'static [&'static str],
}

impl Subject {
    pub(super) fn keeper(&self) -> Make {
        self.keeper.expect("a vendor with refresh tokens")
    }
}

pub(super) fn aerion() -> Subject {
    use auth_sim::aerion::{COMPANY, PASSWORD, USERNAME};
    fn login(base: &str, password: &str) -> Box<dyn Grant> {
        Box::new(Aerion {
            username: USERNAME.into(),
            password: password.into(),
            ..keeper(base)
        })
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
        login: "password",
        grant: |base| login(base, PASSWORD),
        wrong: |base| login(base, WRONG),
        keeper: Some(|base| Box::new(keeper(base))),
        api: "/v1/users/me",
        rejects_with: 403,
        secrets: &[PASSWORD, WRONG],
    }
}

pub(super) fn aeris() -> Subject {
    use auth_sim::aeris::{ACCOUNT_ID, ACCOUNT_SECRET, CLIENT_ID, CLIENT_SECRET, REQUESTER_ID};
    fn login(base: &str, account_secret: &str) -> Box<dyn Grant> {
        Box::new(Aeris {
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            account_id: ACCOUNT_ID.into(),
            account_secret: account_secret.into(),
            requester_id: REQUESTER_ID.into(),
            base: base.into(),
        })
    }
    Subject {
        vendor: Vendor::Aeris,
        login: "client_credentials",
        grant: |base| login(base, ACCOUNT_SECRET),
        wrong: |base| login(base, WRONG),
        keeper: None,
        api: "/devicesQuery/18002/devices/cellUtilization",
        rejects_with: 401,
        secrets: &[CLIENT_SECRET, ACCOUNT_SECRET, WRONG],
    }
}

pub(super) fn ermeo() -> Subject {
    use auth_sim::ermeo::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
    fn login(base: &str, password: &str) -> Box<dyn Grant> {
        Box::new(Ermeo {
            username: USERNAME.into(),
            password: password.into(),
            ..keeper(base)
        })
    }
    fn keeper(base: &str) -> Ermeo {
        Ermeo {
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            base: base.into(),
            ..Ermeo::default()
        }
    }
    Subject {
        vendor: Vendor::Ermeo,
        login: "password",
        grant: |base| login(base, PASSWORD),
        wrong: |base| login(base, WRONG),
        keeper: Some(|base| Box::new(keeper(base))),
        api: "/api/v1/assets?limit=10&page=1",
        rejects_with: 401,
        secrets: &[CLIENT_SECRET, PASSWORD, WRONG],
    }
}

pub(super) fn generic() -> Subject {
    use auth_sim::generic::{CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
    fn client(base: &str) -> Client {
        Client {
            token_endpoint: format!("{base}/token"),
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            ..Client::default()
        }
    }
    fn login(base: &str, password: &str) -> Box<dyn Grant> {
        Box::new(Password {
            client: client(base),
            username: USERNAME.into(),
            password: password.into(),
        })
    }
    fn keeper(base: &str) -> Box<dyn Grant> {
        Box::new(RefreshToken {
            client: client(base),
            ..RefreshToken::default()
        })
    }
    Subject {
        vendor: Vendor::Generic,
        login: "password",
        grant: |base| login(base, PASSWORD),
        wrong: |base| login(base, WRONG),
        keeper: Some(keeper),
        api: "/whoami",
        rejects_with: 401,
        secrets: &[CLIENT_SECRET, PASSWORD, WRONG],
    }
}

/// What a request asked for, wherever its parameters are.
pub(super) fn grant_type(request: &Received) -> String {
    let pairs = [request.form(), request.query_pairs()].concat();
    let json = request.json();
    let in_json = json.as_ref().and_then(|json| json["grant_type"].as_str());
    let found = pairs.iter().find(|(name, _)| name == "grant_type");
    found
        .map(|(_, value)| value.as_str())
        .or(in_json)
        .unwrap_or_default()
        .to_owned()
}

const WRONG: &str = "not-the-right-one";
