//! The parameters of connection strings: those of libpq, and those that providers and other clients add.
//!
//! Sources: [libpq](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS),
//! [JDBC](https://jdbc.postgresql.org/documentation/use/),
//! [Prisma](https://www.prisma.io/docs/orm/overview/databases/postgresql).

/// Verdict on a parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The client library has it under this name.
    Keep(&'static str),
    /// The client library has it under this name, with this value.
    Replace(&'static str, &'static str),
    /// It changes nothing: the store does so anyway, or has no such part.
    Drop,
    /// The schema of the table.
    Schema(String),
    /// A file with the authorities to trust.
    Authorities,
    /// The store does not support it.
    Refuse(String),
    /// It is in no list, so its name may be part of a password.
    Unknown,
}

/// Judges a parameter. Clients spell one name in several ways: `applicationName`, `application_name`.
pub(crate) fn judge(name: &str, value: &str) -> Verdict {
    let plain = |letter: &char| !matches!(letter, '_' | '-');
    let name: String = name.chars().filter(plain).collect();
    let name = name.to_ascii_lowercase();
    let (name, given) = (name.as_str(), value);
    let value = given.to_ascii_lowercase();
    let value = value.as_str();
    match name {
        "user" | "username" => Verdict::Keep("user"),
        "password" => Verdict::Keep("password"),
        "dbname" | "database" => Verdict::Keep("dbname"),
        "host" => Verdict::Keep("host"),
        "hostaddr" => Verdict::Keep("hostaddr"),
        "port" => Verdict::Keep("port"),
        "options" => Verdict::Keep("options"),
        "applicationname" => Verdict::Keep("application_name"),
        "connecttimeout" => Verdict::Keep("connect_timeout"),
        "channelbinding" => Verdict::Keep("channel_binding"),
        "sslnegotiation" => Verdict::Keep("sslnegotiation"),
        "loadbalancehosts" => match value {
            "true" => Verdict::Replace("load_balance_hosts", "random"),
            "false" => Verdict::Replace("load_balance_hosts", "disable"),
            _ => Verdict::Keep("load_balance_hosts"),
        },
        "targetsessionattrs" | "targetservertype" => servers(value),
        "schema" | "currentschema" | "searchpath" => schema(name, given),
        "clientencoding" => match value {
            "utf8" | "utf-8" | "unicode" | "auto" => Verdict::Drop,
            _ => refuse("client_encoding", "is always UTF8; remove it"),
        },
        _ => of_tls(name, value)
            .or_else(|| of_other_ways(name, value))
            .unwrap_or_else(|| match IDLE.contains(&name) {
                true => Verdict::Drop,
                false => Verdict::Unknown,
            }),
    }
}

/// Certificates are always verified, host name included, whatever the string says.
fn of_tls(name: &str, value: &str) -> Option<Verdict> {
    Some(match name {
        "sslmode" => mode(value),
        "ssl" | "requiressl" | "tls" | "usessl" => match value {
            "" | "true" | "1" | "yes" | "on" => Verdict::Replace("sslmode", "require"),
            "false" | "0" | "no" | "off" if name == "requiressl" => Verdict::Drop,
            "false" | "0" | "no" | "off" => Verdict::Replace("sslmode", "disable"),
            other => mode(other),
        },
        "sslrootcert" => match value {
            "system" | "" => Verdict::Drop,
            _ => Verdict::Authorities,
        },
        "sslaccept" => match value {
            "strict" => Verdict::Drop,
            _ => refuse("sslaccept", VERIFIED),
        },
        "sslfactory" | "sslhostnameverifier" => refuse("sslfactory", VERIFIED),
        "sslcert" | "sslkey" | "sslpassword" | "sslidentity" => refuse(
            "sslcert",
            "and its key are not read from the string; set `PostgresStoreBuilder::client_certificate` \
             (trusted authorities are `sslrootcert` or `only_authorities`)",
        ),
        "sslcertmode" => match value {
            "require" => refuse(
                "sslcertmode",
                "is not supported; set `PostgresStoreBuilder::client_certificate`",
            ),
            _ => Verdict::Drop,
        },
        "sslcrl" | "sslcrldir" => refuse("sslcrl", "is not checked; remove it"),
        "sslminprotocolversion" => match value {
            "tlsv1" | "tlsv1.1" | "tlsv1.2" | "" => Verdict::Drop,
            _ => refuse(
                "ssl_min_protocol_version",
                "can be `TLSv1.2`; require more at the server",
            ),
        },
        "sslmaxprotocolversion" => match value {
            "tlsv1.3" | "" => Verdict::Drop,
            _ => refuse("ssl_max_protocol_version", "can be `TLSv1.3`; remove it"),
        },
        _ => return None,
    })
}

fn mode(value: &str) -> Verdict {
    match value {
        "disable" => Verdict::Replace("sslmode", "disable"),
        "prefer" | "allow" => Verdict::Replace("sslmode", "prefer"),
        "require" | "verify-ca" | "verify-full" => Verdict::Replace("sslmode", "require"),
        "no-verify" => refuse("sslmode", VERIFIED),
        _ => refuse("sslmode", "is disable, prefer, require or verify-full"),
    }
}

/// The store needs the server that accepts writes, and finds it.
fn servers(value: &str) -> Verdict {
    match value {
        "any" | "read-write" | "primary" | "master" | "" => Verdict::Drop,
        _ => refuse(
            "target_session_attrs",
            "is always `read-write`, because a standby may lag behind; remove it",
        ),
    }
}

/// Accepts one name: of several, the server would use the first that exists.
fn schema(name: &str, value: &str) -> Verdict {
    let one = value.trim().trim_matches('"');
    // As the server reads a search path, where a name without quotes has no capital letters.
    let one = match name {
        "searchpath" if !value.contains('"') => one.to_lowercase(),
        _ => one.to_owned(),
    };
    let plain = |letter: char| letter.is_alphanumeric() || letter == '_';
    match one.is_empty() || !one.chars().all(plain) {
        true => {
            let name = match name {
                "schema" => "schema",
                "currentschema" => "currentSchema",
                _ => "search_path",
            };
            refuse(name, "must be one name; set `PostgresStoreBuilder::schema`")
        }
        false => Verdict::Schema(one),
    }
}

/// Judges other ways to log in, and other places for settings.
fn of_other_ways(name: &str, value: &str) -> Option<Verdict> {
    Some(match name {
        "service" | "servicefile" => refuse(
            "service",
            "is not looked up; write the content of that file",
        ),
        "passfile" => refuse(
            "passfile",
            "is not read; set `PostgresStoreBuilder::password`",
        ),
        "requireauth" => refuse(
            "require_auth",
            "is not checked here; remove it, and use `scram-sha-256` in `pg_hba.conf`",
        ),
        "gssencmode" => match value {
            "require" => refuse("gssencmode", KERBEROS),
            _ => Verdict::Drop,
        },
        "krbsrvname" | "gsslib" | "gssdelegation" => refuse(
            match name {
                "krbsrvname" => "krbsrvname",
                "gsslib" => "gsslib",
                _ => "gssdelegation",
            },
            KERBEROS,
        ),
        "replication" => refuse("replication", "is for other programs; remove it"),
        "authenticationpluginclassname" | "wrapperplugins" => refuse(
            "authenticationPluginClassName",
            "is for JDBC; set `PostgresStoreBuilder::password`, which may change",
        ),
        "socketfactory" | "socketfactoryarg" | "cloudsqlinstance" => refuse(
            "socketFactory",
            "is for JDBC; connect to the address of the server or of its proxy",
        ),
        "scramclientkey" | "scramserverkey" => refuse(
            "scram_client_key",
            "is not supported; set `PostgresStoreBuilder::password`",
        ),
        _ if name.starts_with("oauth") => refuse(
            "oauth_issuer",
            "and related parameters are not supported; set `PostgresStoreBuilder::password`",
        ),
        "requirepeer" => refuse("requirepeer", "is not checked here; remove it"),
        "statementtimeout" | "locktimeout" => refuse(
            "statement_timeout",
            "is not sent; use `PostgresStoreBuilder::timeout`, or set it for the role",
        ),
        _ => return None,
    })
}

fn refuse(name: &str, why: &str) -> Verdict {
    Verdict::Refuse(format!("`{name}` {why}"))
}

const VERIFIED: &str = "cannot disable the verification of certificates; trust your own authority with \
    `sslrootcert` or `PostgresStoreBuilder::only_authorities`";
const KERBEROS: &str =
    "is for Kerberos, which this store does not support; set `PostgresStoreBuilder::password`";

/// Pools, prepared statements, time-outs and dialects, of which the store has its own or none.
const IDLE: &[&str] = &[
    // libpq
    "fallbackapplicationname",
    "keepalives",
    "keepalivescount",
    "keepalivesidle",
    "keepalivesinterval",
    "keepalivesretries",
    "tcpusertimeout",
    "sslcompression",
    "sslsni",
    "minprotocolversion",
    "maxprotocolversion",
    // providers' poolers, and Prisma
    "pgbouncer",
    "workaround",
    "supa",
    "connectionlimit",
    "pooltimeout",
    "poolmode",
    "sockettimeout",
    "statementcachesize",
    // JDBC
    "preparethreshold",
    "preparedstatementcachequeries",
    "preparedstatementcachesizemib",
    "preferquerymode",
    "rewritebatchedinserts",
    "defaultrowfetchsize",
    "hostrecheckseconds",
    "logintimeout",
    "cancelsignaltimeout",
    "sslresponsetimeout",
    "tcpkeepalive",
    "tcpnodelay",
    "receivebuffersize",
    "sendbuffersize",
    "stringtype",
    "binarytransfer",
    "autosave",
    "readonly",
    "assumeminserverversion",
    "logunclosedconnections",
    "loggerlevel",
    // Go, Node, Python, Ruby, PHP
    "pool",
    "poolsize",
    "poolmaxconns",
    "poolminconns",
    "poolmaxconnlifetime",
    "poolmaxconnidletime",
    "poolhealthcheckperiod",
    "poolrecycle",
    "poolpreping",
    "maxoverflow",
    "max",
    "maxconnections",
    "minconnections",
    "connmaxage",
    "connhealthchecks",
    "defaultqueryexecmode",
    "statementcachemode",
    "statementcachecapacity",
    "descriptioncachecapacity",
    "binaryparameters",
    "prefersimpleprotocol",
    "preparedstatements",
    "preparedstatementcachesize",
    "prepare",
    "asyncfallback",
    "commandtimeout",
    "checkouttimeout",
    "uselibpqcompat",
    "timezone",
    "datestyle",
    "encoding",
    "charset",
    "serverversion",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_name_are_one_parameter() {
        for name in ["application_name", "ApplicationName", "application-name"] {
            assert_eq!(judge(name, "X"), Verdict::Keep("application_name"));
        }
    }

    #[test]
    fn every_mode_of_tls_is_at_least_as_strict() {
        for (mode, kept) in [
            ("disable", "disable"),
            ("allow", "prefer"),
            ("prefer", "prefer"),
            ("require", "require"),
            ("verify-ca", "require"),
            ("verify-full", "require"),
            ("VERIFY-FULL", "require"),
        ] {
            assert_eq!(judge("sslmode", mode), Verdict::Replace("sslmode", kept));
        }
        for odd in ["no-verify", "", "strict"] {
            assert!(
                matches!(judge("sslmode", odd), Verdict::Refuse(why) if why.contains("`sslmode`"))
            );
        }
    }

    #[test]
    fn an_unlisted_name_is_unknown() {
        assert_eq!(judge("canary", "1"), Verdict::Unknown);
    }
}
