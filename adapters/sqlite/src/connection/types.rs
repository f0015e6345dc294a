use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, DefaultLoadingMode, Instrumentation,
    LoadConnection, SimpleConnection,
};
use diesel::expression::QueryMetadata;
use diesel::internal::derives::multiconnection::ConnectionSealed;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::{ConnectionError, ConnectionResult, Error};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, SqliteConnection};

use super::{Cursor, Guarded};

/// What a scope hands to its work, made of a guarded connection and taken apart again by the scope alone.
pub(crate) trait Scoped {
    fn wrap(guarded: Guarded) -> Self;
    fn guarded(&mut self) -> &mut Guarded;
    fn unwrap(self) -> Guarded;
}

/// A connection to one tenant's file, for as long as a scope lasts.
///
/// It takes plain Diesel code for SQLite. Unqualified names are the tenant's; the shared tables are under `public`, for
/// reading alone. A shared table is never found by its name alone, whatever tables the tenant has or lacks.
///
/// - ATTACH and DETACH are refused, and so are BEGIN, COMMIT and ROLLBACK in a transaction scope
///   ([`StatementRefused`](crate::StatementRefused)). Diesel's own `transaction` nests by savepoints.
/// - Settings and temporary tables work, and go with the connection, which is closed then when the scope ends.
///
/// It can't be made, and it can't be used where a [`SharedConnection`] is asked for:
///
/// ```compile_fail
/// fn shared_work(_: &mut tenantry_sqlite::SharedConnection) {}
/// fn tenant_work(connection: &mut tenantry_sqlite::TenantConnection) {
///     shared_work(connection);
/// }
/// ```
#[expect(
    missing_debug_implementations,
    reason = "Diesel's own connection has none"
)]
pub struct TenantConnection {
    guarded: Guarded,
}

/// A connection to the shared file, for as long as a scope lasts.
///
/// The shared tables are found by their name alone and under `public`. A new one is made as `public.name`: without that,
/// SQLite refuses to make it, since the connection's main file is an empty one that can't be written.
#[expect(
    missing_debug_implementations,
    reason = "Diesel's own connection has none"
)]
pub struct SharedConnection {
    guarded: Guarded,
}

macro_rules! connection {
    ($connection:ident) => {
        impl $connection {
            /// The number of the physical connection, which no other has in this process.
            pub fn serial(&self) -> u64 {
                self.guarded.serial()
            }

            /// Runs `work` in a transaction that takes the write lock when it begins, so that it can't fail for lack of
            /// it after it has read. Inside a transaction scope, which has the lock, this is
            /// [`Connection::transaction`].
            ///
            /// # Errors
            /// What `work` returned, or what SQLite said. Then nothing has changed.
            pub fn immediate_transaction<T, E>(
                &mut self,
                work: impl FnOnce(&mut Self) -> Result<T, E>,
            ) -> Result<T, E>
            where
                E: From<Error>,
            {
                use diesel::connection::TransactionManager;

                if self.guarded.in_transaction_scope() {
                    return self.transaction(work);
                }
                self.guarded.begin_immediate()?;
                match work(&mut *self) {
                    Ok(value) => {
                        AnsiTransactionManager::commit_transaction(self)?;
                        Ok(value)
                    }
                    Err(error) => {
                        AnsiTransactionManager::rollback_transaction(self)?;
                        Err(error)
                    }
                }
            }

            /// The connection as Diesel has it, for what takes nothing else.
            ///
            /// Given up for the rest of the scope: that ATTACH is refused, that unqualified names stay out of the
            /// shared file, and that the scope alone ends its transaction. What is kept: the connection is closed when
            /// the scope ends, whatever was done to it.
            pub fn unguarded(&mut self) -> &mut SqliteConnection {
                self.guarded.unguarded()
            }
        }

        impl Scoped for $connection {
            fn wrap(guarded: Guarded) -> Self {
                Self { guarded }
            }

            fn guarded(&mut self) -> &mut Guarded {
                &mut self.guarded
            }

            fn unwrap(self) -> Guarded {
                self.guarded
            }
        }

        impl SimpleConnection for $connection {
            fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
                self.guarded.batch_execute(query)
            }
        }

        impl ConnectionSealed for $connection {}

        impl Connection for $connection {
            type Backend = Sqlite;
            type TransactionManager = AnsiTransactionManager;

            /// Always refused: only a scope makes one.
            fn establish(_: &str) -> ConnectionResult<Self> {
                Err(ConnectionError::BadConnection(
                    "only a scope of SqliteTenantPool makes this connection".into(),
                ))
            }

            fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
            where
                T: QueryFragment<Sqlite> + QueryId,
            {
                self.guarded.execute(source)
            }

            fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
                self.guarded.transaction_state()
            }

            fn instrumentation(&mut self) -> &mut dyn Instrumentation {
                self.guarded.instrumentation()
            }

            fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
                self.guarded.set_instrumentation(instrumentation);
            }

            fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
                self.guarded.set_prepared_statement_cache_size(size);
            }
        }

        impl LoadConnection<DefaultLoadingMode> for $connection {
            type Cursor<'conn, 'query> = Cursor<'conn, 'query>;
            type Row<'conn, 'query> =
                <SqliteConnection as LoadConnection<DefaultLoadingMode>>::Row<'conn, 'query>;

            fn load<'conn, 'query, T>(
                &'conn mut self,
                source: T,
            ) -> QueryResult<Self::Cursor<'conn, 'query>>
            where
                T: Query + QueryFragment<Sqlite> + QueryId + 'query,
                Sqlite: QueryMetadata<T::SqlType>,
            {
                self.guarded.load(source)
            }
        }
    };
}

connection!(TenantConnection);
connection!(SharedConnection);
