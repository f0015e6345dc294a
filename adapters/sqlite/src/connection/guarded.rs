use std::cell::Cell;

use diesel::QueryResult;
use diesel::SqliteConnection;
use diesel::connection::{
    AnsiTransactionManager, Connection, DefaultLoadingMode, LoadConnection, SimpleConnection,
    TransactionManager,
};
use diesel::query_builder::{Query, QueryBuilder, QueryFragment, QueryId};
use diesel::result::Error;
use diesel::sqlite::{Sqlite, SqliteQueryBuilder};
use tenantry::ports::ScopeMode;

use super::cursor::Cursor;
use super::open::OpenFile;
use super::statement::{self, Kind};
use crate::error::StatementRefused;

/// What the work has done to its connection so far, from nothing to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Residue {
    /// Nothing but rows read and written.
    None,
    /// Transactions or savepoints, which may be open still.
    Transactions,
    /// Settings, which may be other than they were.
    Settings,
    /// The schema, temporary tables, or anything else.
    Schema,
}

/// A connection inside one scope: what stands behind both connection types.
pub(crate) struct Guarded {
    file: OpenFile,
    mode: ScopeMode,
    residue: Residue,
    shadows_stale: bool,
    refused_end: bool,
    failed: Cell<bool>,
    cursors: Cell<u32>,
}

impl Guarded {
    pub(crate) fn new(file: OpenFile, mode: ScopeMode) -> Self {
        Self {
            file,
            mode,
            residue: Residue::None,
            shadows_stale: false,
            refused_end: false,
            failed: Cell::new(false),
            cursors: Cell::new(0),
        }
    }

    pub(crate) fn file(&mut self) -> &mut OpenFile {
        &mut self.file
    }

    pub(crate) fn into_file(self) -> OpenFile {
        self.file
    }

    pub(crate) fn serial(&self) -> u64 {
        self.file.serial
    }

    pub(crate) fn residue(&self) -> Residue {
        self.residue
    }

    pub(crate) fn in_transaction_scope(&self) -> bool {
        self.mode == ScopeMode::Transaction
    }

    /// Rows that are read still, through a cursor that was never dropped.
    pub(crate) fn open_cursors(&self) -> u32 {
        self.cursors.get()
    }

    /// The connection itself. Whatever is done with it is past everything here.
    pub(crate) fn unguarded(&mut self) -> &mut SqliteConnection {
        self.residue = Residue::Schema;
        self.shadows_stale = true;
        self.failed.set(true);
        &mut self.file.connection
    }

    /// How deep the work is in transactions, the scope's own included. An error if Diesel has lost count.
    pub(crate) fn depth(&mut self) -> QueryResult<u32> {
        let status =
            AnsiTransactionManager::transaction_manager_status_mut(&mut self.file.connection);
        Ok(status
            .transaction_depth()?
            .map_or(0, std::num::NonZeroU32::get))
    }

    /// Whether the transaction that the scope began has ended without it, or the work tried to end it.
    pub(crate) fn transaction_ended(&mut self) -> bool {
        self.look_after_failure();
        self.refused_end
    }

    pub(crate) fn begin_immediate(&mut self) -> QueryResult<()> {
        self.before("BEGIN IMMEDIATE")?;
        AnsiTransactionManager::begin_transaction_sql(&mut self.file.connection, "BEGIN IMMEDIATE")
    }

    pub(crate) fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        self.before(sql)?;
        let done = self.file.connection.batch_execute(sql);
        self.after(done)
    }

    pub(crate) fn execute<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Sqlite> + QueryId,
    {
        self.before_query(source)?;
        let done = self.file.connection.execute_returning_count(source);
        self.after(done)
    }

    pub(crate) fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Sqlite> + QueryId + 'query,
        Sqlite: diesel::expression::QueryMetadata<T::SqlType>,
    {
        self.before_query(&source)?;
        let rows = LoadConnection::<DefaultLoadingMode>::load(&mut self.file.connection, source);
        match rows {
            Ok(rows) => Ok(Cursor::new(rows, &self.cursors, &self.failed)),
            Err(error) => {
                self.failed.set(true);
                Err(error)
            }
        }
    }

    pub(crate) fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        // A hand on this can change Diesel's count of transactions.
        self.residue = self.residue.max(Residue::Transactions);
        self.file.connection.transaction_state()
    }

    pub(crate) fn instrumentation(&mut self) -> &mut dyn diesel::connection::Instrumentation {
        self.file.connection.instrumentation()
    }

    pub(crate) fn set_instrumentation(
        &mut self,
        instrumentation: impl diesel::connection::Instrumentation,
    ) {
        self.residue = self.residue.max(Residue::Settings);
        self.file.connection.set_instrumentation(instrumentation);
    }

    pub(crate) fn set_prepared_statement_cache_size(
        &mut self,
        size: diesel::connection::CacheSize,
    ) {
        self.residue = self.residue.max(Residue::Settings);
        self.file.connection.set_prepared_statement_cache_size(size);
    }

    fn before_query<T>(&mut self, source: &T) -> QueryResult<()>
    where
        T: QueryFragment<Sqlite> + QueryId,
    {
        let id = T::query_id();
        if id.is_some_and(|id| self.file.known.contains(&id)) {
            return self.before("");
        }
        let mut builder = SqliteQueryBuilder::new();
        source.to_sql(&mut builder, &Sqlite)?;
        let sql = builder.finish();
        self.before(&sql)?;
        if let Some(id) = id
            && statement::kinds(&sql).all(|kind| kind == Kind::Rows)
        {
            self.file.known.insert(id);
        }
        Ok(())
    }

    /// Judges `sql`, and makes the connection ready for it.
    fn before(&mut self, sql: &str) -> QueryResult<()> {
        if self.failed.get() {
            self.look_after_failure();
        }
        if self.refused_end {
            return Err(refused(StatementRefused::TransactionEnded));
        }
        if self.shadows_stale {
            self.shadows_stale = false;
            self.file.cast_shadows()?;
        }
        let mut alters = false;
        for kind in statement::kinds(sql) {
            self.admit(kind)?;
            alters |= kind == Kind::Alter;
        }
        if alters {
            let OpenFile {
                shadows,
                connection,
                ..
            } = &mut self.file;
            shadows.lift(connection)?;
        }
        Ok(())
    }

    fn admit(&mut self, kind: Kind) -> QueryResult<()> {
        let residue = match kind {
            Kind::Rows => Residue::None,
            Kind::Attach => return Err(refused(StatementRefused::Attach)),
            Kind::Transaction if self.mode == ScopeMode::Transaction => {
                self.refused_end = true;
                return Err(refused(StatementRefused::Transaction));
            }
            Kind::Transaction | Kind::Savepoint => Residue::Transactions,
            Kind::Setting => Residue::Settings,
            Kind::Alter | Kind::Schema => Residue::Schema,
        };
        self.residue = self.residue.max(residue);
        self.shadows_stale |= residue == Residue::Schema;
        Ok(())
    }

    fn after<T>(&self, done: QueryResult<T>) -> QueryResult<T> {
        if done.is_err() {
            self.failed.set(true);
        }
        done
    }

    /// Some failures (a full disk, `INSERT OR ROLLBACK`) make SQLite end the transaction by itself, and later statements
    /// would then commit one by one. Beginning another is an error as long as the scope's own is open; if it isn't,
    /// whatever comes next is in the new one, which is never committed.
    fn look_after_failure(&mut self) {
        if self.failed.replace(false)
            && self.mode == ScopeMode::Transaction
            && self.file.connection.batch_execute("BEGIN").is_ok()
        {
            self.refused_end = true;
        }
    }
}

fn refused(statement: StatementRefused) -> Error {
    Error::QueryBuilderError(Box::new(statement))
}
