use std::time::{Duration, Instant};

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use tenantry_runner::WakeSignal;

use super::sql::CHANNEL;
use crate::{ConnectError, PostgresConfig, PostgresSchemaProvider};

/// Tells when jobs were put in, by LISTEN on a connection of its own.
///
/// Signals may be missed while the connection is away, so whoever waits also looks for itself every now and then.
pub struct JobSignal {
    config: PostgresConfig,
    connection: Option<PgConnection>,
    tried_at: Option<Instant>,
}

impl JobSignal {
    /// How long a signal may lie unnoticed: 5 milliseconds. Each look reads what the socket holds, and asks no server.
    pub const GLANCE: Duration = Duration::from_millis(5);
    /// How long to wait before a connection is tried again.
    const PAUSE: Duration = Duration::from_secs(1);

    /// A signal of this database's queue. Nothing is connected yet.
    pub fn new(config: PostgresConfig) -> Self {
        Self {
            config,
            connection: None,
            tried_at: None,
        }
    }

    /// Connects and listens, if it doesn't.
    ///
    /// # Errors
    /// [`ConnectError`], also behind a pooler, which keeps no LISTEN.
    pub fn listen(&mut self) -> Result<(), ConnectError> {
        if self.connection.is_some() {
            return Ok(());
        }
        self.tried_at = Some(Instant::now());
        let mut connection = self
            .config
            .connect_administrative(PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT)?;
        let listening = connection.batch_execute(&format!("LISTEN {CHANNEL}"));
        listening.map_err(|error| ConnectError::SetUp {
            target: self.config.target(),
            source: self.config.scrub(&error.to_string()),
        })?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Whether jobs were put in since the last look. Never waits for a signal; without a connection it tries for one,
    /// once a second.
    pub fn came(&mut self) -> bool {
        if self.connection.is_none() {
            let rested = self.tried_at.is_none_or(|at| at.elapsed() >= Self::PAUSE);
            // What was put in before it listened is found by looking.
            return rested && self.listen().is_ok();
        }
        let mut came = false;
        if let Some(connection) = &mut self.connection {
            // A lost connection yields its error without end.
            let heard = connection
                .notifications_iter()
                .try_for_each(|notification| {
                    came |= notification.is_ok();
                    notification.map(drop)
                });
            if heard.is_err() {
                self.connection = None;
            }
        }
        came
    }
}

impl WakeSignal for JobSignal {
    fn came(&mut self) -> bool {
        Self::came(self)
    }

    fn glance(&self) -> Duration {
        Self::GLANCE
    }
}

impl std::fmt::Debug for JobSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSignal")
            .field("config", &self.config)
            .field("listening", &self.connection.is_some())
            .finish_non_exhaustive()
    }
}
