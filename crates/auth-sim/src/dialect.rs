//! The wording of a server's refusals: RFC 6749's, and what real servers send instead.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::{Received, Response};

/// Wording of the token endpoint's refusals.
///
/// Set with [`SimulatorBuilder::dialect`](crate::SimulatorBuilder::dialect). Without one a simulator refuses as its vendor
/// documents. A dialect changes only the wording: the same requests are refused and the same tokens
/// spent. `authorization_pending` and `slow_down` (RFC 8628 §3.5) stay as they are,
/// since no device could log in without them.
///
/// ```
/// use auth_sim::{Dialect, Simulator, Vendor};
///
/// # fn main() -> std::io::Result<()> {
/// let ermeo = Simulator::builder(Vendor::Ermeo).dialect(Dialect::BareStatus).start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dialect {
    /// A code and a description (RFC 6749 §5.2).
    Rfc,
    /// An empty body: 403 for a wrong password and 400 for everything else, as in glewlwyd.
    BareStatus,
    /// The JSON error page of a framework, as in Spring Boot, with the reason phrase in `error`.
    FrameworkPage,
    /// Members and codes of a vendor's own: 400 `BAD_REFRESH_TOKEN` for a refresh token, and 403
    /// `E_FORBIDDEN` for everything else, as in Aerion's API.
    VendorWords,
    /// 200 with a code of the vendor's own in `error`, as in GitHub.
    SuccessStatus,
}

/// Kind of credential that the request presented.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Asked {
    RefreshToken,
    Code,
    Login,
    Other,
}

/// A refusal and its reason.
struct Refusal<'a> {
    status: u16,
    code: &'a str,
    description: &'a str,
    asked: Asked,
}

impl Dialect {
    /// All dialects.
    pub const ALL: [Self; 5] = [
        Self::Rfc,
        Self::BareStatus,
        Self::FrameworkPage,
        Self::VendorWords,
        Self::SuccessStatus,
    ];

    /// Returns the name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rfc => "rfc",
            Self::BareStatus => "bare-status",
            Self::FrameworkPage => "framework-page",
            Self::VendorWords => "vendor-words",
            Self::SuccessStatus => "success-status",
        }
    }

    /// Translates a refusal into this dialect; any other response is returned unchanged.
    ///
    /// A vendor's parameters may have any name, so the caller passes whether a refresh token was presented.
    pub(crate) fn speak(
        self,
        answer: Response,
        request: &Received,
        is_refresh: bool,
        now: SystemTime,
    ) -> Response {
        let body = answer.as_json().unwrap_or_default();
        let text = |name: &str| body[name].as_str();
        let description = text("error_description").or(text("message"));
        let refusal = Refusal {
            status: answer.status(),
            code: match (text("error"), answer.status()) {
                (Some("authorization_pending" | "slow_down"), _) => return answer,
                (Some(code), _) if !code.contains(' ') => code,
                (_, 401) => "invalid_client",
                _ => "invalid_request",
            },
            description: description.unwrap_or("The credentials are wrong"),
            asked: match request.grant_type().as_str() {
                _ if is_refresh => Asked::RefreshToken,
                "authorization_code" => Asked::Code,
                "password" | "" => Asked::Login,
                _ => Asked::Other,
            },
        };
        match (self, answer.status()) {
            // A wrong path or method is not a refusal.
            (_, 0..400 | 402 | 404..) => answer,
            (Self::Rfc, _) => refusal.by_the_rfc(),
            (Self::BareStatus, _) => refusal.bare(),
            (Self::FrameworkPage, _) => refusal.page(&request.path, now),
            (Self::VendorWords, _) => refusal.in_words_of_a_vendor(),
            (Self::SuccessStatus, _) => refusal.with_success(),
        }
    }
}

impl Refusal<'_> {
    fn by_the_rfc(&self) -> Response {
        let status = match self.code {
            "invalid_client" => 401,
            _ => 400,
        };
        let body = json!({"error": self.code, "error_description": self.description});
        Response::json(status, &body).no_store()
    }

    fn bare(&self) -> Response {
        Response::new(match (self.code, self.asked) {
            ("invalid_grant", Asked::Login) => 403,
            _ => 400,
        })
    }

    fn page(&self, path: &str, now: SystemTime) -> Response {
        let (status, name) = match self.code {
            "invalid_client" | "invalid_grant" => (401, "Unauthorized"),
            _ if self.status == 403 => (403, "Forbidden"),
            _ => (400, "Bad Request"),
        };
        let passed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let body = json!({
            "timestamp": u64::try_from(passed.as_millis()).unwrap_or_default(),
            "status": status,
            "error": name,
            "path": path,
        });
        Response::json(status, &body)
    }

    fn in_words_of_a_vendor(&self) -> Response {
        if (self.code, self.asked) == ("invalid_grant", Asked::RefreshToken) {
            let body = json!({"status": "BAD_REFRESH_TOKEN", "message": self.description});
            return Response::json(400, &body);
        }
        let body = json!({
            "error": "E_FORBIDDEN",
            "status": 403,
            "summary": "Forbidden",
            "raw": self.description,
        });
        Response::json(403, &body)
    }

    fn with_success(&self) -> Response {
        let code = match (self.code, self.asked) {
            ("invalid_client", _) => "incorrect_client_credentials",
            ("invalid_grant", Asked::RefreshToken) => "bad_refresh_token",
            ("invalid_grant", Asked::Code) => "bad_verification_code",
            // GitHub accepts no passwords; this code is ours.
            ("invalid_grant", Asked::Login) => "incorrect_user_credentials",
            (code, _) => code,
        };
        Response::json(
            200,
            &json!({"error": code, "error_description": self.description}),
        )
    }
}
