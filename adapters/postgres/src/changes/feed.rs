use std::sync::Arc;
use std::time::Instant;
use std::{fmt, io, thread};

use async_channel::Receiver;
use async_trait::async_trait;
use diesel::result::Error;
use parking_lot::Mutex;
use tenantry::ports::{ChangeSignal, TenantChanges};

use super::watch::Watch;
use crate::{ConnectError, PostgresConfig, ServerSaid, SharedSchema};

/// How many signals wait for a reader that is slow. Beyond that the thread waits, and what it tells gets old.
const WAITING: usize = 256;

/// Tells which tenants' records changed, whoever changed them: this process, another, or somebody by hand.
///
/// It has a thread and a connection of its own. Triggers note every change in the table `tenantry_tenant_changes`, in the
/// transaction that makes it, and notify. The feed reads the table when it is notified, and four times a second whether it
/// is or not: a change is told some milliseconds after its commit, and within a second if the notification got lost.
/// [`SharedMigrations::of_tenantry`](crate::SharedMigrations::of_tenantry) makes table and triggers; the feed's role needs
/// `SELECT` on the table.
///
/// After a cut it connects again by itself, and then tells what changed meanwhile, after
/// [`Connected`](ChangeSignal::Connected). It needs PostgreSQL itself: behind a pooler it stays cut.
///
/// A host that keeps tenants in a table of its own gives it the same triggers, with the name of the column that holds the
/// tenant's id:
///
/// ```sql
/// CREATE TRIGGER accounts_noted AFTER INSERT OR UPDATE OR DELETE ON public.accounts
///     FOR EACH ROW EXECUTE FUNCTION public.tenantry_note_change('tenant_id');
/// ```
///
/// # Cost
/// One connection, and four round trips a second. The thread ends when the feed is dropped.
///
/// ```no_run
/// use tenantry::ports::{ChangeSignal, TenantChanges};
/// use tenantry_postgres::{PostgresConfig, PostgresTenantChanges};
///
/// # async fn follow() -> Result<(), Box<dyn std::error::Error>> {
/// let config: PostgresConfig = "postgresql://app@db.example/shop".parse()?;
/// let mut changes = PostgresTenantChanges::start(config)?;
/// loop {
///     match changes.next().await {
///         ChangeSignal::Tenant(id) => println!("{id} changed"),
///         ChangeSignal::Cut => println!("trust nothing: {:?}", changes.why_cut()),
///         _ => {}
///     }
/// }
/// # }
/// ```
pub struct PostgresTenantChanges {
    told: Receiver<Told>,
    why: Arc<Mutex<Option<WhyCut>>>,
}

/// What the thread tells.
#[derive(Debug)]
pub(super) enum Told {
    Signal(ChangeSignal),
    /// Every change that was committed up to then has been told.
    UpTo(Instant),
}

impl PostgresTenantChanges {
    /// Starts the feed of this database, with the schema `public`.
    ///
    /// # Errors
    /// If no thread can be had. A database that can't be reached is no error: the feed is cut, and tries again.
    pub fn start(config: PostgresConfig) -> io::Result<Self> {
        Self::start_in_schema(config, &SharedSchema::default())
    }

    /// Starts the feed of this database, with another shared schema.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_in_schema(config: PostgresConfig, shared: &SharedSchema) -> io::Result<Self> {
        let (telling, told) = async_channel::bounded(WAITING);
        let why = Arc::default();
        let watch = Watch {
            config,
            shared: shared.clone(),
            telling,
            why: Arc::clone(&why),
        };
        thread::Builder::new()
            .name("tenantry-changes".into())
            .spawn(move || {
                let _unread = watch.run();
            })?;
        Ok(Self { told, why })
    }

    /// Why the feed is cut, if it is: for a log, since its signals don't say.
    pub fn why_cut(&self) -> Option<WhyCut> {
        self.why.lock().clone()
    }
}

#[async_trait]
impl TenantChanges for PostgresTenantChanges {
    async fn next(&mut self) -> ChangeSignal {
        match self.told.recv().await {
            Ok(Told::Signal(signal)) => signal,
            Ok(Told::UpTo(begun)) => ChangeSignal::Current {
                age: begun.elapsed(),
            },
            // The thread is gone, which it isn't while somebody reads: nothing is told any more.
            Err(_) => ChangeSignal::Cut,
        }
    }
}

impl fmt::Debug for PostgresTenantChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTenantChanges")
            .field("cut", &self.why_cut())
            .finish_non_exhaustive()
    }
}

/// Why a [`PostgresTenantChanges`] is cut.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WhyCut {
    /// There is no connection to be had.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection failed, or the table of changes can't be read.
    #[error(
        "changes of tenants can't be read from PostgreSQL at {target}: run SharedMigrations::of_tenantry, and grant the \
         role SELECT on tenantry_tenant_changes, if the server says so"
    )]
    Failed {
        /// Where, without secrets.
        target: String,
        /// What the server said.
        source: ServerSaid,
    },
}

impl WhyCut {
    pub(super) fn of(error: &Error, config: &PostgresConfig) -> Self {
        Self::Failed {
            target: config.target(),
            source: config.scrub(&error.to_string()),
        }
    }
}
