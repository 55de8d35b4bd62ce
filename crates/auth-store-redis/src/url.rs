//! Errors in a URL, in words that do not quote it.

/// Returns the reason why a URL cannot be used, and the correction.
pub(crate) fn oddity(url: &str) -> Option<&'static str> {
    let url = url.trim();
    if url.is_empty() {
        return Some("it is empty (is a variable not set?)");
    }
    if url.starts_with(['"', '\'', '`']) {
        return Some("it has quotes around it; remove them");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        let is_socket = url.starts_with("unix:");
        return (!is_socket).then_some("it has no scheme; begin it with `rediss://`, or with `redis://` for a server on this machine");
    };
    let scheme = scheme.to_ascii_lowercase();
    let wrong = of_scheme(&scheme);
    if wrong.is_some() {
        return wrong;
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_socket = scheme.contains("unix");
    if is_socket && authority.contains('@') {
        return Some("with a socket file, user and password are `?user=…&pass=…`");
    }
    if !is_socket && tail.contains('@') {
        return Some(
            "a `/`, `?` or `#` is before the `@`; in a password they are `%2F`, `%3F` and `%23`",
        );
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.contains(',') {
        return Some("it names several hosts, as for Sentinels and clusters; name the one primary");
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

/// Returns the number of the database, if it is a parameter.
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
            Some("it is for a cluster, which this store does not support; name a single server")
        }
        _ if scheme.contains("socket") => Some("a socket file is `unix:///run/redis.sock`"),
        _ if ["tls", "ssl"].iter().any(|word| scheme.contains(word)) => {
            Some("with TLS the scheme is `rediss`")
        }
        "http" | "https" => Some("HTTP is another protocol; use the URL for Redis clients"),
        _ => Some("its scheme is not one of Redis: `redis`, or `rediss` with TLS"),
    }
}

/// Checks a parameter of another client. One that changes nothing here is ignored.
fn of_parameter(scheme: &str, name: &str, value: &str) -> Option<&'static str> {
    let is_on = ["", "true", "1", "yes", "on"].contains(&value);
    let is_socket = scheme.contains("unix");
    match name {
        "username" | "password" if is_socket => {
            Some("with a socket file, user and password are `?user=…&pass=…`")
        }
        "user" | "pass" | "username" | "password" | "auth" if !is_socket => {
            Some("user and password are before the host; or set `RedisStoreBuilder::password`")
        }
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
            "set certificates with `RedisStoreBuilder::only_authorities` and `client_certificate`",
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
const SENTINEL: &str = "it is for a Sentinel, which this store does not support; name the master \
    that the Sentinel names, or a host name that always leads to it";
const VERIFIED: &str = "certificates are always verified, and no parameter disables that; trust your \
    own authority with `RedisStoreBuilder::only_authorities`";
