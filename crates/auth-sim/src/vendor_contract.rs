//! Checks that a vendor's grant and a session agree with the vendor's server, however it words its refusals.
//!
//! One suite for every vendor: tokens are obtained, used, renewed, rejected and shared, refresh tokens are
//! sent once, wrong credentials are not tried often, and no secret is shown. It runs against a simulator,
//! with the vendor's own refusals and in each [`Dialect`].
//!
//! ```
//! # use auth_core::grant::{Grant, Identity, Policy, TokenRequest};
//! # use auth_core::{Result, Secret};
//! # use auth_sim::{Login, Realm, Received, Response, VendorServer};
//! # #[derive(Debug)] struct Acme { base: String, password: Secret }
//! # impl Grant for Acme {
//! #     fn identity(&self) -> Identity { Identity::new("acme").user(Some("ada")) }
//! #     fn policy(&self) -> Policy { Policy::for_password().api(&self.base) }
//! #     fn login_request(&self) -> Result<TokenRequest> {
//! #         Ok(TokenRequest::form(format!("{}/login", self.base)).secret("password", &self.password))
//! #     }
//! # }
//! # struct AcmeServer;
//! # impl VendorServer for AcmeServer {
//! #     fn name(&self) -> &str { "acme" }
//! #     fn token_path(&self) -> &str { "/login" }
//! #     fn account(&self) -> Login { Login::new("app", "ada") }
//! #     fn token(&self, realm: &mut Realm, request: &Received) -> Response {
//! #         if request.field("password").as_deref() != Some("s3cret") || realm.is_locked() {
//! #             return Response::json(400, r#"{"error":"invalid_grant"}"#);
//! #         }
//! #         let token = realm.log_in(&self.account()).access_token;
//! #         Response::json(200, &format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":3600}}"#))
//! #     }
//! #     fn api(&self, _: &mut Realm, _: &Received) -> Response { Response::new(200) }
//! # }
//! use auth_sim::vendor_contract::VendorContract;
//!
//! fn acme() -> VendorContract {
//!     let grant = |base: &str, password: &str| Acme { base: base.into(), password: Secret::new(password) };
//!     VendorContract::new(
//!         AcmeServer,
//!         move |base| grant(base, "s3cret"),
//!         move |base| grant(base, "wrong"),
//!     )
//!     .api("/orders")
//!     .secret("s3cret")
//! }
//!
//! // In `tests/`: a test for each property, in each dialect.
//! auth_sim::vendor_contract!(acme());
//! ```

#[doc(hidden)]
pub mod properties;
mod stage;

use std::fmt;
use std::sync::Arc;

use auth_core::Grant;

use crate::{Dialect, Received, Simulator, SimulatorBuilder, VendorServer};

/// Makes a grant for the base URL of a simulator.
type Make = Arc<dyn Fn(&str) -> Box<dyn Grant> + Send + Sync>;

/// A vendor: its simulated server, and grants that it accepts and refuses.
#[derive(Clone)]
pub struct VendorContract {
    server: Arc<dyn VendorServer>,
    dialect: Option<Dialect>,
    grant: Make,
    wrong: Make,
    refresh_only: Option<Make>,
    outdated: Option<Make>,
    is_refresh: fn(&Received) -> bool,
    is_client: bool,
    api: String,
    token_header: String,
    rejects_with: u16,
    secrets: Vec<String>,
}

impl VendorContract {
    /// Creates the contract of a vendor whose server accepts `grant` and refuses `wrong`, which has another
    /// password or account secret.
    pub fn new<G: Grant + 'static, W: Grant + 'static>(
        server: impl VendorServer,
        grant: impl Fn(&str) -> G + Send + Sync + 'static,
        wrong: impl Fn(&str) -> W + Send + Sync + 'static,
    ) -> Self {
        Self {
            server: Arc::new(server),
            dialect: None,
            grant: make(grant),
            wrong: make(wrong),
            refresh_only: None,
            outdated: None,
            is_refresh: |request| request.field("refresh_token").is_some(),
            is_client: false,
            api: "/".to_owned(),
            token_header: "authorization".to_owned(),
            rejects_with: 401,
            secrets: Vec::new(),
        }
    }

    /// Sets a grant without a password, which has only a refresh token. For vendors with refresh tokens;
    /// also name it in the macro: `vendor_contract!(acme(), refresh_tokens)`.
    #[must_use]
    pub fn refresh_only<G: Grant + 'static>(
        mut self,
        grant: impl Fn(&str) -> G + Send + Sync + 'static,
    ) -> Self {
        self.refresh_only = Some(make(grant));
        self
    }

    /// Sets a grant that is right except for the client's secret. For vendors that check the client's secret
    /// ([`VendorServer::client_secret`]); also name it in the macro: `vendor_contract!(acme(), client_secret)`.
    #[must_use]
    pub fn outdated_secret<G: Grant + 'static>(
        mut self,
        grant: impl Fn(&str) -> G + Send + Sync + 'static,
    ) -> Self {
        self.outdated = Some(make(grant));
        self
    }

    /// Declares that a login is a client's and sends no user's password, so more attempts are allowed.
    #[must_use]
    pub fn client_only(mut self) -> Self {
        self.is_client = true;
        self
    }

    /// Sets how a refresh is distinguished from a login. Default: by a parameter `refresh_token`.
    #[must_use]
    pub fn is_refresh(mut self, is_refresh: fn(&Received) -> bool) -> Self {
        self.is_refresh = is_refresh;
        self
    }

    /// Sets a path of the API that returns 200 to `GET`. Default: `/`.
    #[must_use]
    pub fn api(mut self, path: &str) -> Self {
        path.clone_into(&mut self.api);
        self
    }

    /// Sets the header that carries the token to the API. Default: `authorization`.
    #[must_use]
    pub fn token_header(mut self, name: &str) -> Self {
        name.clone_into(&mut self.token_header);
        self
    }

    /// Sets the status with which the API rejects a token. Default: 401.
    #[must_use]
    pub fn rejects_with(mut self, status: u16) -> Self {
        self.rejects_with = status;
        self
    }

    /// Adds a secret that no error, log line or `Debug` may show.
    #[must_use]
    pub fn secret(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    /// Sets the wording of the server's refusals. Default: the vendor's own.
    #[doc(hidden)]
    #[must_use]
    pub fn in_dialect(mut self, dialect: Option<Dialect>) -> Self {
        self.dialect = dialect;
        self
    }

    /// Fails if the macro was given other features than this contract has: tests would be missing.
    #[doc(hidden)]
    pub fn is_complete(&self, stamped: &[&str]) {
        let has = [
            ("refresh_tokens", self.refresh_only.is_some()),
            ("client_secret", self.outdated.is_some()),
        ];
        for (feature, has) in has {
            let is_stamped = stamped.contains(&feature);
            assert_eq!(
                has, is_stamped,
                "`{feature}` in the contract and in the macro"
            );
        }
        let checks_secret = self.server.client_secret().is_some();
        assert_eq!(self.outdated.is_some(), checks_secret, "`outdated_secret`");
        assert!(
            !self.secrets.is_empty(),
            "`secret`: the contract has no secret to look for"
        );
    }

    fn simulator(&self) -> SimulatorBuilder {
        let builder = Simulator::builder_of(Arc::clone(&self.server));
        match self.dialect {
            Some(dialect) => builder.dialect(dialect),
            None => builder,
        }
    }

    /// Returns `true` if a refusal of a wrong password can be recognized as one.
    fn judges_passwords(&self) -> bool {
        !self.is_client && matches!(self.dialect, None | Some(Dialect::Rfc))
    }

    /// Returns `true` if a refusal identifies the refresh token as its reason.
    fn names_refresh_tokens(&self) -> bool {
        matches!(
            self.dialect,
            None | Some(Dialect::Rfc | Dialect::SuccessStatus)
        )
    }
}

impl fmt::Debug for VendorContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorContract")
            .field("server", &self.server.name())
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

fn make<G: Grant + 'static>(grant: impl Fn(&str) -> G + Send + Sync + 'static) -> Make {
    Arc::new(move |base| Box::new(grant(base)))
}

/// Generates a test for each property of a [`VendorContract`](crate::vendor_contract::VendorContract), in the
/// vendor's own words and in each [`Dialect`](crate::Dialect).
///
/// The contract is followed by the features of the vendor, if it has them: `refresh_tokens`, `client_secret`.
/// Use it in a test binary without a logger, since it searches the log for secrets.
///
/// The module [`vendor_contract`](mod@crate::vendor_contract) shows a vendor and its contract.
#[macro_export]
macro_rules! vendor_contract {
    ($contract:expr) => {
        $crate::vendor_contract! { @stamp $contract, []; }
    };
    ($contract:expr, refresh_tokens) => {
        $crate::vendor_contract! { @stamp $contract, ["refresh_tokens"];
            every_refresh_token_is_sent_once
            a_refused_refresh_token_leads_to_a_login
            a_refused_refresh_token_needs_a_user
            a_lost_response_is_not_asked_for_again
            a_session_begins_with_a_refresh_token
        }
    };
    ($contract:expr, client_secret) => {
        $crate::vendor_contract! { @stamp $contract, ["client_secret"];
            an_outdated_secret_holds_back_no_other_session
        }
    };
    ($contract:expr, refresh_tokens, client_secret) => {
        $crate::vendor_contract! { @stamp $contract, ["refresh_tokens", "client_secret"];
            every_refresh_token_is_sent_once
            a_refused_refresh_token_leads_to_a_login
            a_refused_refresh_token_needs_a_user
            a_lost_response_is_not_asked_for_again
            a_session_begins_with_a_refresh_token
            an_outdated_secret_holds_back_no_other_session
        }
    };
    (@stamp $contract:expr, $features:tt; $($more:ident)*) => {
        fn the_contract() -> $crate::vendor_contract::VendorContract {
            $contract
        }

        #[test]
        fn the_contract_is_complete() {
            the_contract().is_complete(&$features);
        }

        $crate::vendor_contract! { @dialects
            the_api_accepts_the_first_token
            a_second_call_sends_nothing
            an_expired_token_is_renewed
            wrong_credentials_are_tried_once
            a_rejected_request_is_sent_again_once
            a_token_is_not_sent_to_another_origin
            nothing_shows_a_secret
            a_failing_server_is_asked_again
            the_next_process_takes_the_stored_login
            one_process_renews_for_all
            processes_try_wrong_credentials_once
            wrong_credentials_keep_within_limits
            corrected_credentials_work_at_once
            a_refused_login_comes_back
            a_valid_token_outlives_errors
            a_refusal_shows_no_secret
            $($more)*
        }
    };
    (@dialects $($test:ident)*) => {
        mod own_words {
            $crate::vendor_contract! { @tests None; $($test)* }
        }
        mod rfc_codes {
            $crate::vendor_contract! { @tests Some($crate::Dialect::Rfc); $($test)* }
        }
        mod bare_status {
            $crate::vendor_contract! { @tests Some($crate::Dialect::BareStatus); $($test)* }
        }
        mod framework_page {
            $crate::vendor_contract! { @tests Some($crate::Dialect::FrameworkPage); $($test)* }
        }
        mod vendor_words {
            $crate::vendor_contract! { @tests Some($crate::Dialect::VendorWords); $($test)* }
        }
        mod success_status {
            $crate::vendor_contract! { @tests Some($crate::Dialect::SuccessStatus); $($test)* }
        }
    };
    (@tests $dialect:expr; $($test:ident)*) => {
        $(#[test]
        fn $test() {
            let contract = super::the_contract().in_dialect($dialect);
            $crate::vendor_contract::properties::$test(&contract);
        })*
    };
}
