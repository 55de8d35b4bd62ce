//! What is wrong with a URL, in words that quote nothing of it.

/// Why a URL is not used as it stands, and what to write instead.
pub(crate) fn oddity(url: &str) -> Option<&'static str> {
    let url = url.trim();
    if url.is_empty() {
        return Some("it is empty (is a variable not set?)");
    }
    if url.starts_with(['"', '\'', '`']) {
        return Some("it has quotes around it; take them away");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let is_socket = url.starts_with("unix:");
        return (!is_socket).then_some("it has no scheme; write `rediss://` in front, or `redis://` for a server on this machine");
    };
    let scheme = scheme.to_ascii_lowercase();
    let wrong = of_scheme(&scheme);
    if wrong.is_some() {
        return wrong;
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_socket = scheme.contains("unix");
    if is_socket && authority.contains('@') {
        return Some("user and password of a socket file are `?user=…&pass=…`");
    }
    if !is_socket && tail.contains('@') {
        return Some(
            "a `/`, `?` or `#` stands before the `@`; in a password they are `%2F`, `%3F` and `%23`",
        );
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.contains(',') {
        return Some(
            "it names several hosts, which Sentinels and clusters have; name the one primary",
        );
    }
    if let Some((_, fragment)) = tail.split_once('#') {
        return Some(match fragment {
            "insecure" => VERIFIED,
            _ => "it has a `#`, which in a password is `%23` (and `%` is `%25`)",
        });
    }
    let (_, query) = tail.split_once('?')?;
    let mut parameters = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    parameters.find_map(|(name, value)| {
        of_parameter(
            &scheme,
            &name.to_ascii_lowercase(),
            &value.to_ascii_lowercase(),
        )
    })
}

/// The number of the database, where it is a parameter.
pub(crate) fn database(url: &str) -> Option<&str> {
    let (_, query) = url.trim().split_once('?')?;
    let mut parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    parameters.find_map(|(name, value)| DATABASE.contains(&name).then_some(value))
}

fn of_scheme(scheme: &str) -> Option<&'static str> {
    match scheme {
        "redis" | "valkey" | "rediss" | "valkeys" | "unix" | "redis+unix" | "valkey+unix" => None,
        _ if scheme.contains("sentinel") => Some(SENTINEL),
        _ if scheme.contains("cluster") => {
            Some("it is one of a cluster, which this store does not use; name a single server")
        }
        _ if scheme.contains("socket") => Some("a socket file is `unix:///run/redis.sock`"),
        _ if ["tls", "ssl"].iter().any(|word| scheme.contains(word)) => {
            Some("with TLS the scheme is `rediss`")
        }
        "http" | "https" => Some("HTTP is another protocol; take the URL for Redis clients"),
        _ => Some("its scheme is none of Redis: `redis`, or `rediss` with TLS"),
    }
}

/// Parameters are those of other clients. What changes nothing that matters here is left out.
fn of_parameter(scheme: &str, name: &str, value: &str) -> Option<&'static str> {
    let is_on = ["", "true", "1", "yes", "on"].contains(&value);
    let is_socket = scheme.contains("unix");
    match name {
        "username" | "password" if is_socket => {
            Some("user and password of a socket file are `?user=…&pass=…`")
        }
        "user" | "pass" | "username" | "password" | "auth" if !is_socket => Some(
            "user and password stand before the host; or give the password by `Builder::password`",
        ),
        "ssl" | "tls" | "use_ssl" | "usetls" => match (scheme, is_on) {
            ("redis" | "valkey", true) => Some("with TLS the scheme is `rediss`"),
            ("rediss" | "valkeys", false) => Some(VERIFIED),
            _ => None,
        },
        "ssl_cert_reqs" | "ssl_check_hostname" | "verify" | "sslverify" | "verify_peer" => {
            let verifies = is_on || ["required", "cert_required"].contains(&value);
            (!verifies).then_some(VERIFIED)
        }
        "insecure" | "skip_verify" | "insecure_skip_verify" | "tls_insecure" => {
            is_on.then_some(VERIFIED)
        }
        _ if CERTIFICATES.contains(&name) => Some(
            "certificates are given by `Builder::authorities` and `Builder::client_certificate`",
        ),
        _ if name.contains("sentinel") || name.starts_with("master") => Some(SENTINEL),
        _ => None,
    }
}

const DATABASE: [&str; 2] = ["db", "database"];
const CERTIFICATES: [&str; 10] = [
    "cafile",
    "cacert",
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_ca_data",
    "ssl_certfile",
    "ssl_keyfile",
    "sslrootcert",
    "sslcert",
    "sslkey",
];
const SENTINEL: &str = "it is one for a Sentinel, which this store does not ask; name the master \
    that the Sentinel names, or a name that always leads to it";
const VERIFIED: &str = "certificates are always verified, and nothing switches that off; trust one \
    of your own by `Builder::authorities`";
