//! A pooler in front of a PostgreSQL server.

use crate::folder::Folder;
use crate::postgres::{Postgres, program};
use crate::process::Process;
use crate::{Error, Result, free_port};

/// A running `pgbouncer` in transaction mode: after each transaction a client may get a different
/// server session, and its old one may go to another client.
#[derive(Debug)]
pub struct PgBouncer {
    process: Process,
    port: u16,
    connections: usize,
    folder: Folder,
}

impl PgBouncer {
    /// Starts one with this number of connections to a server, shared by all its clients.
    ///
    /// # Errors
    /// If its program is missing or does not start.
    pub fn start(server: &Postgres, connections: usize) -> Result<Self> {
        let pgbouncer = program("pgbouncer")?;
        let folder = Folder::new()?;
        let mut failure = None;
        // Another process may take the port before the pooler does.
        for _ in 0..3 {
            let port = free_port()?;
            let settings = folder.path().join(SETTINGS);
            folder.write(&settings, &ini(port, server.port(), connections))?;
            let args = [settings.display().to_string()];
            match folder.start(&pgbouncer, &args, "KILL", "process up") {
                Ok(process) => {
                    return Ok(Self {
                        process,
                        port,
                        connections,
                        folder,
                    });
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::Failed("three ports were taken".to_owned())))
    }

    /// Moves all clients to another server, each after its transaction.
    ///
    /// # Errors
    /// If its settings cannot be written.
    pub fn lead_to(&self, server: &Postgres) -> Result<()> {
        let settings = ini(self.port, server.port(), self.connections);
        self.folder
            .write(&self.folder.path().join(SETTINGS), &settings)?;
        self.process.signal("HUP");
        Ok(())
    }

    /// Returns its URL for a database of the server; every client is the superuser there.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

fn ini(port: u16, server: u16, connections: usize) -> String {
    format!(
        "[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
auth_type = any
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
server_login_retry = 1
"
    )
}

const SETTINGS: &str = "pgbouncer.ini";
