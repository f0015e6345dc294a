use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use async_trait::async_trait;

use crate::{BoxError, Excerpt, Retry, SchemaName, TenantId, TenantSchema};

/// Makes, migrates and drops the place that a tenant's rows live in: a PostgreSQL schema, an SQLite file.
///
/// # Contract
/// - Every schema that a provider makes carries a mark that says whose it is. A schema without this tenant's
///   mark is never adopted, changed or dropped, whatever it is called.
/// - Every method is atomic: it happens as a whole or not at all, also when the process is killed in it.
/// - Calls for one tenant exclude each other across all processes: of two at once, one does the work and the
///   other sees it done.
/// - Nothing waits for a lock longer than the provider's lock time-out; then it is [`SchemaError::Busy`], and
///   nothing is queued behind it any longer.
/// - A dropped future leaves the call done or not done, never half-done.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SchemaProvider: Send + Sync {
    /// What is there under this name. Changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn inspect(&self, schema: &TenantSchema) -> Result<SchemaState, SchemaError>;

    /// Makes the schema with its mark, its ledger and all tenant migrations: all of it or nothing.
    ///
    /// A schema of this tenant that is there already is left as it is, and [`Creation::AlreadyThere`] says so.
    ///
    /// # Errors
    /// [`SchemaError::Foreign`] if another's schema has the name, [`SchemaError::MigrationFailed`] if a
    /// migration fails: then no schema is left.
    async fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError>;

    /// Runs the tenant migrations that this schema lacks, in order.
    ///
    /// # Errors
    /// [`SchemaError::Missing`], [`SchemaError::Foreign`], and [`SchemaError::MigrationFailed`]: then the
    /// schema is as it was before the call.
    async fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError>;

    /// Those of `schemas` that [`migrate`](Self::migrate) has something to do or to say about, in the order given: they
    /// lack migrations, are missing, aren't this tenant's, or can't be told. Changes nothing.
    ///
    /// It is what makes a run over a whole fleet cheap when little is pending: a store that serves many schemas
    /// answers for a thousand in one statement. What it says may be out of date by the time that it is read, as others
    /// migrate too; `migrate` looks again.
    ///
    /// # Errors
    /// Only those of the store.
    async fn behind(&self, schemas: &[TenantSchema]) -> Result<Vec<TenantSchema>, SchemaError>;

    /// Drops the schema and every row in it.
    ///
    /// # Errors
    /// [`SchemaError::Foreign`] if it isn't this tenant's, [`SchemaError::Busy`] if somebody is in a transaction in it for
    /// longer than the lock time-out: then nothing is dropped. A session scope may be ended instead.
    async fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError>;

    /// Every schema whose name could be a tenant's, with its mark, by name. Changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    async fn list(&self) -> Result<Vec<FoundSchema>, SchemaError>;
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// There is no such schema.
    Missing,
    /// It is this tenant's.
    Ours {
        /// The tenant migrations that it lacks, in order.
        pending: Vec<String>,
    },
    /// It is somebody else's.
    Foreign {
        /// What its mark says.
        mark: Mark,
    },
}

/// Whose a schema says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It carries no mark of ours: somebody else made it.
    None,
    /// It carries a tenant's mark.
    Tenant(TenantId),
    /// It carries a mark that can't be read.
    Unreadable(Excerpt),
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("carries no mark of Tenantry"),
            Self::Tenant(id) => write!(f, "belongs to tenant {id}"),
            Self::Unreadable(text) => write!(f, "carries the unreadable mark {text}"),
        }
    }
}

/// A schema that [`SchemaProvider::list`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSchema {
    /// Its name.
    pub name: SchemaName,
    /// Whose it says it is.
    pub mark: Mark,
}

/// What [`SchemaProvider::create`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It made the schema and ran these migrations, in order.
    Made(MigrationReport),
    /// The schema was there, and this tenant's. Nothing was changed.
    AlreadyThere,
}

/// What [`SchemaProvider::migrate`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// The migrations that it ran, in order; none if the schema was up to date.
    pub applied: Vec<String>,
}

/// What [`SchemaProvider::remove`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It dropped the schema.
    Dropped,
    /// There was none.
    NotThere,
}

/// Why a [`SchemaProvider`] didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There is no such schema.
    #[error("schema {schema} is missing: restore it from a backup, or purge the tenant")]
    Missing {
        /// Which.
        schema: TenantSchema,
    },
    /// A schema of that name is there, and isn't this tenant's.
    #[error("schema {schema} isn't ours: it {mark}; rename it or choose another slug")]
    Foreign {
        /// Which.
        schema: TenantSchema,
        /// What its mark says.
        mark: Mark,
    },
    /// Somebody held a lock for longer than allowed.
    #[error("schema {schema} is in use: a lock wasn't free within {} ms; try again later", waited.as_millis())]
    Busy {
        /// Which.
        schema: TenantSchema,
        /// The lock time-out.
        waited: Duration,
        /// What the store's library said.
        source: Option<BoxError>,
    },
    /// A migration failed, and was rolled back.
    #[error(
        "migration {migration} failed in schema {schema} and was rolled back: mend it and run it again"
    )]
    MigrationFailed {
        /// In which schema.
        schema: TenantSchema,
        /// Which migration.
        migration: String,
        /// What the store's library said.
        source: BoxError,
    },
    /// A migration that this provider doesn't run.
    #[error("migration {migration} can't be run here: {reason}")]
    MigrationRefused {
        /// Which migration.
        migration: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The migrations can't be read.
    #[error("the tenant migrations can't be read: {reason}")]
    MigrationsUnreadable {
        /// Why, and what to do.
        reason: String,
        /// What the library said.
        source: BoxError,
    },
    /// The role has no right to do it.
    #[error("the role may not touch schema {schema}: {advice}")]
    Forbidden {
        /// Which.
        schema: TenantSchema,
        /// What to grant.
        advice: &'static str,
        /// What the store's library said.
        source: BoxError,
    },
    /// There is no room left.
    #[error("no room is left to store schema {schema}: free some, then try again")]
    StorageFull {
        /// Which.
        schema: TenantSchema,
        /// What the store's library said.
        source: BoxError,
    },
    /// The store can't be reached, or is too busy.
    #[error("the store of the tenants' schemas is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store refused for a reason that this port has no name for.
    #[error("the store of the tenants' schemas failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl SchemaError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Busy { .. } | Self::Unavailable { .. } | Self::StorageFull { .. } => Retry::Later,
            Self::Missing { .. }
            | Self::Foreign { .. }
            | Self::MigrationFailed { .. }
            | Self::MigrationRefused { .. }
            | Self::MigrationsUnreadable { .. }
            | Self::Forbidden { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}
