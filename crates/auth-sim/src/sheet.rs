//! Output of the binary: the simulators' addresses and accounts, and commands to paste.

use std::fmt::Write as _;
use std::io::Write as _;

use auth_sim::{Received, Simulator, Vendor, VendorServer as _, aerion, aeris, ermeo, generic};

/// The whole summary for these simulators.
pub(crate) fn of(running: &[(Vendor, Simulator)]) -> String {
    let mut sheet =
        String::from("Strict simulators, on loopback only. Press Ctrl-C to stop them.\n\n");
    let head = ["simulator", "base URL", "token endpoint", "then"].map(str::to_owned);
    let mut rows = vec![head];
    for (vendor, simulator) in running {
        let (token, api) = endpoints(*vendor);
        rows.push([vendor.name(), simulator.url(), token, api].map(str::to_owned));
    }
    sheet += &aligned(&rows, "  ");
    for (vendor, simulator) in running {
        let vendor = *vendor;
        sheet += &format!("\n{}\n", vendor.name());
        let account = account(vendor).map(|(name, value)| [name.to_owned(), value.to_owned()]);
        sheet += &aligned(&account.collect::<Vec<_>>(), "    ");
        sheet += "  get a token, then call the API\n";
        for line in curl(vendor, simulator.url()) {
            sheet += &format!("    {line}\n");
        }
    }
    sheet += "\nfrom another terminal, for any of them\n";
    for line in [
        "curl -X POST 'BASE/_sim/advance?seconds=3600'    # moves its clock",
        "curl -X POST 'BASE/_sim/revoke?tokens=access'    # or tokens=refresh, or all without a query",
    ] {
        sheet += &format!("    {line}\n");
    }
    sheet + "\nRequests, as they are answered:\n"
}

/// Prints a line for each request.
pub(crate) fn line(vendor: Vendor) -> impl Fn(&Received) + Send + Sync + 'static {
    move |received| {
        let status = received.status.unwrap_or_default();
        let (name, method, path) = (vendor.name(), &received.method, &received.path);
        // A closed standard output must not end the simulator.
        let _ = writeln!(std::io::stdout(), "  {name:<8} {status} {method} {path}");
    }
}

fn endpoints(vendor: Vendor) -> (&'static str, &'static str) {
    match vendor {
        Vendor::Aerion => ("POST /oauth2/token   form", "GET /v1/users/me"),
        Vendor::Aeris => ("GET  /api/token      query", "GET /devicesQuery/…"),
        Vendor::Ermeo => ("POST /oauth/v2/token JSON", "GET /api/v1/assets"),
        _ => ("POST /token          form or JSON", "GET /whoami"),
    }
}

fn account(vendor: Vendor) -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = match vendor {
        Vendor::Aerion => vec![
            ("companyurl", aerion::COMPANY_URL),
            ("username", aerion::USERNAME),
            ("password", aerion::PASSWORD),
            ("client_id, client_secret", "any, not empty"),
        ],
        Vendor::Aeris => vec![
            ("clientId", aeris::CLIENT_ID),
            ("cs", aeris::CLIENT_SECRET),
            ("accountId", aeris::ACCOUNT_ID),
            ("as", aeris::ACCOUNT_SECRET),
            ("requesterId", "any e-mail address"),
        ],
        Vendor::Ermeo => vec![
            ("client_id", ermeo::CLIENT_ID),
            ("client_secret", ermeo::CLIENT_SECRET),
            ("username", ermeo::USERNAME),
            ("password", ermeo::PASSWORD),
        ],
        _ => vec![
            ("client_id", generic::CLIENT_ID),
            ("client_secret", generic::CLIENT_SECRET),
            ("client_id, public", generic::PUBLIC_CLIENT_ID),
            ("username", generic::USERNAME),
            ("password", generic::PASSWORD),
            ("redirect_uri", "any on 127.0.0.1, [::1] or localhost"),
        ],
    };
    pairs.into_iter()
}

/// Two or three lines to paste into a shell; `TOKEN` passes the token from one to the next.
fn curl(vendor: Vendor, url: &str) -> Vec<String> {
    let (sent, member, api) = match vendor {
        Vendor::Aerion => (
            aerion_login(url),
            "access_token",
            format!("{url}/v1/users/me"),
        ),
        Vendor::Aeris => {
            let path = format!(
                "/devicesQuery/{}/devices/cellUtilization",
                aeris::ACCOUNT_ID
            );
            (aeris_login(url), "token", format!("{url}{path}"))
        }
        Vendor::Ermeo => (
            ermeo_login(url),
            "access_token",
            format!("'{url}/api/v1/assets?limit=3&page=1'"),
        ),
        _ => (generic_login(url), "access_token", format!("{url}/whoami")),
    };
    let mut lines = vec![
        format!("ANSWER=$({sent}); echo \"$ANSWER\""),
        format!("TOKEN=$(echo \"$ANSWER\" | sed 's/.*\"{member}\":\"\\([^\"]*\\)\".*/\\1/')"),
        format!("curl -s {api} -H \"Authorization: Bearer $TOKEN\"; echo"),
    ];
    if vendor == Vendor::Generic {
        let query = format!(
            "response_type=code&client_id={}&state=xyz",
            generic::CLIENT_ID
        );
        let redirect = format!("redirect_uri={}", generic::REDIRECT_URI);
        lines.push(format!(
            "curl -si '{url}/authorize?{query}&{redirect}' | grep -i location"
        ));
    }
    lines
}

fn aerion_login(url: &str) -> String {
    let mut line = format!(
        "curl -s {url}/oauth2/token -H 'companyurl: {}'",
        aerion::COMPANY_URL
    );
    for (name, value) in [
        ("grant_type", "password"),
        ("username", aerion::USERNAME),
        ("password", aerion::PASSWORD),
        ("client_id", "my-app"),
        ("client_secret", "any"),
    ] {
        field(&mut line, name, value);
    }
    line
}

fn aeris_login(url: &str) -> String {
    let mut line = format!("curl -s -G {url}/api/token -H 'Content-Type: application/json'");
    for (name, value) in [
        ("clientId", aeris::CLIENT_ID),
        ("cs", aeris::CLIENT_SECRET),
        ("accountId", aeris::ACCOUNT_ID),
        ("as", aeris::ACCOUNT_SECRET),
        ("requesterId", aeris::REQUESTER_ID),
        ("grant_type", "client_credentials"),
    ] {
        field(&mut line, name, value);
    }
    line
}

fn ermeo_login(url: &str) -> String {
    let body = serde_json::json!({
        "grant_type": "password",
        "client_id": ermeo::CLIENT_ID,
        "client_secret": ermeo::CLIENT_SECRET,
        "username": ermeo::USERNAME,
        "password": ermeo::PASSWORD,
    });
    format!("curl -s {url}/oauth/v2/token -H 'Content-Type: application/json' -d '{body}'")
}

fn generic_login(url: &str) -> String {
    let client = format!("{}:{}", generic::CLIENT_ID, generic::CLIENT_SECRET);
    let mut line = format!("curl -s {url}/token -u {client}");
    for (name, value) in [
        ("grant_type", "password"),
        ("username", generic::USERNAME),
        ("password", generic::PASSWORD),
    ] {
        field(&mut line, name, value);
    }
    line
}

fn field(line: &mut String, name: &str, value: &str) {
    // Writing to a String does not fail.
    let _ = write!(line, " --data-urlencode '{name}={value}'");
}

/// Rows in columns as wide as their widest entry.
fn aligned<const N: usize>(rows: &[[String; N]], indent: &str) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate();
        let padded: Vec<_> = cells
            .map(|(column, cell)| format!("{cell:<width$}", width = width(column).unwrap_or(0)))
            .collect();
        text += &format!("{indent}{}\n", padded.join("  ").trim_end());
    }
    text
}
