//! A tenant that is not valid in a header is refused before any socket is opened.

use crate::support::asking::Asking as _;
use aerion_auth::{Aerion, TenantHeader};
use auth_core::grant::TokenRequest;
use auth_core::{Error, Secret, Session};

use crate::support::{Script, quiet};

use super::secret;

fn odd() -> Vec<String> {
    let mut odd: Vec<String> = [
        "acme\r\nX-Injected: y",
        "acme\r",
        "acme\n",
        "acme\0",
        "acme\t",
        "\tacme",
        "acm\u{e9}",
        "acme\u{202e}ppa.noirea",
        "\u{200b}acme",
        " acme",
        "acme ",
        "ac me",
        "acme.aerion.app/path",
        "https://acme.aerion.app/?x",
        "https://user@acme.aerion.app",
        "http://acme.aerion.app",
        "acme.aerion.app:8443",
        "acme..aerion.app",
        ".aerion.app",
        "-acme",
        "acme-",
        "acme%2eaerion",
        "",
        "/",
        "https://",
    ]
    .map(str::to_owned)
    .into();
    odd.push("a".repeat(10 * 1024));
    odd.push("a.".repeat(5 * 1024) + "a");
    odd
}

#[test]
fn a_company_that_is_not_a_host_name_opens_no_socket() {
    for company in odd() {
        for tenant_header in [
            TenantHeader::CompanyUrl,
            TenantHeader::Origin,
            TenantHeader::Referer,
        ] {
            for is_neutral in [false, true] {
                let grant = Aerion::new(company.as_str())
                    .password("ada@acme.example", secret("password"))
                    .tenant_header(tenant_header);
                let grant = if is_neutral {
                    grant.neutral_host()
                } else {
                    grant
                };
                let script = Script::default();
                for outcome in [
                    grant.obtain(&script),
                    grant.refresh(&Secret::new("r"), &script),
                ] {
                    let error = quiet(outcome);
                    assert!(
                        matches!(error, Error::Configuration { .. }),
                        "{company:?}: {error:?}"
                    );
                    assert!(
                        error
                            .to_string()
                            .starts_with("`company` is not a company name"),
                        "{error}"
                    );
                }
                let session = Session::builder(grant).transport(script.clone());
                let error = quiet(session.build());
                assert!(matches!(error, Error::Configuration { .. }), "{error:?}");
                assert_eq!(script.sent(), 0);
            }
        }
    }
}

#[test]
fn a_header_that_is_not_visible_ascii_is_refused() {
    let mut values: Vec<String> = [
        "",
        " a",
        "a ",
        "a\r\nb: c",
        "a\n",
        "a\0",
        "a\t",
        "\u{e9}",
        "\u{202e}",
        "\x7f",
    ]
    .map(str::to_owned)
    .into();
    values.push("a".repeat(10 * 1024));
    for value in values {
        let script = Script::default();
        let request = TokenRequest::form("https://as.example/token").header("x-tenant", &value);
        let error = quiet(request.send(&script));
        assert!(
            matches!(error, Error::Configuration { .. }),
            "{value:?}: {error:?}"
        );
        assert!(error.to_string().contains("`x-tenant`"), "{error}");
        assert_eq!(script.sent(), 0);
    }
}
