//! What was asked for on the command line.

use std::path::PathBuf;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) json: bool,
    pub(crate) store: Store,
    pub(crate) hours: u32,
    pub(crate) processes: usize,
    /// How many times faster time goes by.
    pub(crate) pace: u32,
    /// How many processes are killed at most.
    pub(crate) kills: usize,
    /// Where to write what happens to the fleet with a store, a line each.
    pub(crate) log: Option<PathBuf>,
}

/// Where the login is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    File,
    Redis,
    Postgres,
}

impl Options {
    /// None if one of them is not known.
    pub(crate) fn read(args: &[String]) -> Option<Self> {
        let mut options = Self {
            json: false,
            store: Store::File,
            hours: 30,
            processes: 16,
            pace: 1800,
            kills: usize::MAX,
            log: None,
        };
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "--fleet" => {}
                "--json" => options.json = true,
                "--store" => options.store = Store::named(args.next()?)?,
                "--pace" => options.pace = args.next()?.parse().ok().filter(|it| *it > 0)?,
                "--kills" => options.kills = args.next()?.parse().ok()?,
                "--log" => options.log = Some(args.next()?.into()),
                "--hours" => options.hours = args.next()?.parse().ok().filter(|it| *it > 0)?,
                "--processes" => {
                    options.processes = args.next()?.parse().ok().filter(|it| *it > 1)?;
                }
                _ => return None,
            }
        }
        Some(options)
    }
}

impl Store {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "file" => Some(Self::File),
            "redis" => Some(Self::Redis),
            "postgres" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The line that a program has for it.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::File => ".store(FileStore::open(path)?)",
            Self::Redis => ".store(RedisStore::connect(url)?)",
            Self::Postgres => ".store(PostgresStore::connect(url)?)",
        }
    }
}
