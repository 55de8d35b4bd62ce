//! Settings of the server that could lose a login.

use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, cmd};

use crate::failure::Failure;
use crate::server::{Server, Talk};

/// The server's settings, as far as this user can read them.
pub(crate) struct Settings {
    info: Option<String>,
    /// Names and values in turn.
    syncing: Option<Vec<String>>,
}

/// Role of a server among others.
#[derive(Debug)]
pub(crate) enum Role {
    Primary,
    Replica,
    /// A primary of several that take writes.
    OneOfSeveral,
    /// A Sentinel, which keeps no data.
    Sentinel,
}

impl Settings {
    pub(crate) fn read(server: &Server) -> Result<Self, Failure> {
        Ok(Self {
            info: server.ask(|talk| permitted(talk, &cmd("INFO")))?,
            syncing: server.ask(|talk| permitted(talk, &syncing()))?,
        })
    }

    /// Returns the role of the server. One that hides it is taken for the only one.
    pub(crate) fn role(&self) -> Role {
        if self.info.as_deref().is_some_and(is_sentinel) {
            return Role::Sentinel;
        }
        match self.info("role").unwrap_or_default() {
            // KeyDB: `active-replica`, two masters that write to each other.
            role if role.contains("active") || role.contains("multi") => Role::OneOfSeveral,
            role if role.contains("slave") || role.contains("replica") => Role::Replica,
            _ => Role::Primary,
        }
    }

    /// Returns the risks to logins and the commands that remove them, in one line.
    pub(crate) fn warning(&self) -> Option<String> {
        let risks: Vec<_> = [
            self.log_is_off(),
            self.log_is_late(),
            self.log_pauses(),
            self.keys_are_evicted(),
            self.is_cluster(),
            self.is_silent(),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!risks.is_empty()).then(|| {
            let risks = risks.join("; ");
            format!("Redis may lose logins that it has acknowledged: {risks}; CONFIG REWRITE keeps these settings")
        })
    }

    fn log_is_off(&self) -> Option<&'static str> {
        let off = self.info("aof_enabled") == Some("0");
        off.then_some("appendonly is off (CONFIG SET appendonly yes)")
    }

    fn log_is_late(&self) -> Option<&'static str> {
        let late = self
            .config("appendfsync")
            .is_some_and(|value| value != "always");
        late.then_some("appendfsync is not always (CONFIG SET appendfsync always)")
    }

    fn log_pauses(&self) -> Option<&'static str> {
        let pauses = self.config("no-appendfsync-on-rewrite") == Some("yes");
        pauses
            .then_some("no-appendfsync-on-rewrite is on (CONFIG SET no-appendfsync-on-rewrite no)")
    }

    /// `volatile-*` evicts keys with an expiry only, and ours have none.
    fn keys_are_evicted(&self) -> Option<&'static str> {
        let limited = self.info("maxmemory").is_some_and(|bytes| bytes != "0");
        let policy = self.info("maxmemory_policy").unwrap_or_default();
        (limited && policy.starts_with("allkeys-"))
            .then_some("maxmemory-policy evicts any key (CONFIG SET maxmemory-policy noeviction)")
    }

    fn is_cluster(&self) -> Option<&'static str> {
        let cluster = self.info("redis_mode") == Some("cluster");
        cluster.then_some(
            "it is in cluster mode, where a failover forgets swaps and a login may belong to another node (use a server without it)",
        )
    }

    fn is_silent(&self) -> Option<&'static str> {
        let silent = self.info.is_none() || self.syncing.is_none();
        silent.then_some(
            "this user cannot read all of its settings (ACL SETUSER <user> +info +config|get, or check that appendonly is yes, appendfsync always and maxmemory-policy noeviction)",
        )
    }

    fn info(&self, name: &str) -> Option<&str> {
        value(self.info.as_deref()?, name)
    }

    fn config(&self, name: &str) -> Option<&str> {
        let mut pairs = self.syncing.as_deref()?.chunks_exact(2);
        let pair = pairs.find(|pair| pair[0] == name)?;
        Some(&pair[1])
    }
}

/// Command that reads how the log is synced.
pub(crate) fn syncing() -> Cmd {
    let mut syncing = cmd("CONFIG");
    syncing.arg("GET").arg("*appendfsync*");
    syncing
}

/// Returns `true` if this is the `INFO` of a Sentinel.
pub(crate) fn is_sentinel(info: &str) -> bool {
    value(info, "redis_mode") == Some("sentinel")
}

fn value<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = info.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// Returns the response; `None` if this user has no right to the command, as with every user of some services.
fn permitted<T: FromRedisValue>(talk: &mut Talk<'_>, command: &Cmd) -> RedisResult<Option<T>> {
    let forbidden = [ServerErrorKind::NoPerm, ServerErrorKind::ResponseError];
    match talk.ask(command) {
        Err(error) if forbidden.map(ErrorKind::Server).contains(&error.kind()) => Ok(None),
        response => response.map(Some),
    }
}
