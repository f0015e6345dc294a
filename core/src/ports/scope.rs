use core::time::Duration;

use crate::{BoxError, Retry, TenantContext, TenantId, TenantSchema};

/// How a scope is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeMode {
    /// One transaction, begun on entering, committed when the work returns `Ok`, rolled back otherwise. Safe behind
    /// a pooler that hands out the server by transaction.
    Transaction,
    /// No transaction of its own: each statement commits by itself unless the work begins one. For direct
    /// connections only.
    Session,
}

/// Runs work inside exactly one tenant, or in the shared schema on purpose.
///
/// An adapter's own methods are richer; this is what the conformance suite, the benchmarks and code that is
/// generic over adapters need.
///
/// # Contract
/// - **Fails closed.** A schema that is missing, unusable, or not this tenant's is a typed error before the work
///   begins, and nothing is written anywhere.
/// - **One tenant.** Names that the work leaves unqualified resolve in the tenant's schema or not at all.
/// - **One schema.** A scope's rows go into the schema that it entered, or nowhere: also if that schema is removed, and
///   another made under its name, while the scope is open.
/// - **Nothing stays behind.** Whatever the work did to its connection, and however it ended (an error, a panic, a
///   dropped future), the next borrower sees nothing of it.
/// - **Scopes nest only for the same tenant.** Entering another tenant's scope, or the shared one, inside a scope on the
///   same thread is [`ScopeError::SwitchRefused`].
pub trait TenantScopes: Send + Sync {
    /// What tenant tables are used through. It can't be made of a shared connection, or the other way round.
    type Tenant;
    /// What shared tables are used through.
    type Shared;

    /// Runs `work` inside the tenant of `context`.
    ///
    /// # Errors
    /// A [`ScopeError`] by way of `E`, or what `work` returned. Unless it is `Ok`, a transaction scope has changed
    /// nothing.
    fn in_tenant<T, E>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut Self::Tenant) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>;

    /// Runs `work` in the shared schema, in one transaction.
    ///
    /// # Errors
    /// A [`ScopeError`] by way of `E`, or what `work` returned. Unless it is `Ok`, nothing has changed.
    fn in_shared<T, E>(&self, work: impl FnOnce(&mut Self::Shared) -> Result<T, E>) -> Result<T, E>
    where
        E: From<ScopeError>;
}

/// Why a scope wasn't entered, or what went wrong in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The tenant's schema isn't there.
    #[error("schema {schema} is missing: provision the tenant, or restore it from a backup")]
    SchemaMissing {
        /// Which.
        schema: TenantSchema,
    },
    /// A schema of that name is there, but another tenant's or nobody's.
    #[error("the schema named as {schema} isn't that tenant's: look the tenant up again")]
    SchemaForeign {
        /// Which.
        schema: TenantSchema,
    },
    /// The role has no right to use the schema.
    #[error("the role may not use schema {schema}: grant it USAGE on the schema")]
    SchemaUnusable {
        /// Which.
        schema: TenantSchema,
    },
    /// The schema is being made or dropped at this moment, so that nobody may enter it.
    #[error("schema {schema} is being made or dropped right now: try again in a moment")]
    SchemaChanging {
        /// Which.
        schema: TenantSchema,
    },
    /// The schema, or a table in it, changed under a running statement, as in the middle of a migration.
    #[error("schema {schema} changed while a statement ran: run the work again")]
    SchemaChanged {
        /// Which.
        schema: TenantSchema,
        /// What the store's library said.
        source: BoxError,
    },
    /// Another transaction got in the way: a deadlock, or a serialisation failure. Nothing was committed.
    #[error("another transaction got in the way: run the work again")]
    Conflict {
        /// What the store's library said.
        source: BoxError,
    },
    /// The tenant's share of the connections was taken for as long as the caller would wait.
    #[error("tenant {tenant} uses all {limit} connections that one tenant may use; none was free within {} ms", waited.as_millis())]
    TenantLimit {
        /// Whose share.
        tenant: TenantId,
        /// How many connections one tenant may use at once.
        limit: u32,
        /// How long the caller waited.
        waited: Duration,
    },
    /// Every connection was taken for as long as the caller would wait.
    #[error("all {size} connections are in use; none was free within {} ms", waited.as_millis())]
    PoolExhausted {
        /// How many connections there are.
        size: u32,
        /// How long the caller waited.
        waited: Duration,
    },
    /// The thread is inside another scope.
    #[error("can't enter {wanted} inside {inside}: leave that scope first")]
    SwitchRefused {
        /// The scope that the thread is in.
        inside: ScopeName,
        /// The scope that it asked for.
        wanted: ScopeName,
    },
    /// Session scopes can't be had over this connection.
    #[error("session scopes aren't available: {reason}; use a transaction scope")]
    SessionRefused {
        /// Why.
        reason: &'static str,
    },
    /// The work ended the scope's transaction itself, by a raw COMMIT or ROLLBACK.
    #[error(
        "the work ended the transaction of its scope itself: leave BEGIN, COMMIT and ROLLBACK to the scope"
    )]
    TransactionEnded,
    /// The future was dropped before its work was committed, which was then rolled back.
    #[error("the scope's future was dropped, so its work was rolled back")]
    Cancelled,
    /// The adapter can't do that at all.
    #[error("{what} isn't supported here")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
    },
    /// The store is full.
    #[error("no room is left to store rows: free some, then try again")]
    StorageFull {
        /// What the store's library said.
        source: BoxError,
    },
    /// The store can't be reached, or went away.
    #[error("the store is unavailable: try again when it answers")]
    Unavailable {
        /// What the store's library said.
        source: BoxError,
    },
    /// A statement failed for a reason that this port has no name for.
    #[error("a statement failed")]
    Failed {
        /// What the store's library said.
        source: BoxError,
    },
}

impl ScopeError {
    /// What the caller may do about it.
    pub fn retry(&self) -> Retry {
        match self {
            Self::SchemaChanged { .. } | Self::Conflict { .. } => Retry::Now,
            Self::SchemaChanging { .. }
            | Self::TenantLimit { .. }
            | Self::PoolExhausted { .. }
            | Self::StorageFull { .. }
            | Self::Unavailable { .. } => Retry::Later,
            Self::SchemaMissing { .. }
            | Self::SchemaForeign { .. }
            | Self::SchemaUnusable { .. }
            | Self::SwitchRefused { .. }
            | Self::SessionRefused { .. }
            | Self::TransactionEnded
            | Self::Cancelled
            | Self::Unsupported { .. }
            | Self::Failed { .. } => Retry::Never,
        }
    }
}

/// One of the scopes that a thread can be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeName {
    /// A tenant's.
    Tenant(TenantId),
    /// The shared one.
    Shared,
}

impl core::fmt::Display for ScopeName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Tenant(id) => write!(f, "the scope of tenant {id}"),
            Self::Shared => f.write_str("the shared scope"),
        }
    }
}
