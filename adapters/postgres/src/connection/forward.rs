//! The two connection types forward to Diesel's, so that plain Diesel code runs on them.

/// Implements what Diesel asks of a connection for a struct with a field `lent`, and notes every failure.
macro_rules! forward_to_diesel {
    ($connection:ident) => {
        impl diesel::connection::SimpleConnection for $connection {
            fn batch_execute(&mut self, query: &str) -> diesel::QueryResult<()> {
                let result = self.lent.connection.batch_execute(query);
                self.lent.observe(result)
            }
        }

        impl diesel::connection::ConnectionSealed for $connection {}

        impl diesel::Connection for $connection {
            type Backend = diesel::pg::Pg;
            type TransactionManager = diesel::connection::AnsiTransactionManager;

            /// Always refused: only a scope makes one.
            fn establish(_: &str) -> diesel::ConnectionResult<Self> {
                Err(diesel::ConnectionError::BadConnection(
                    "only entering a scope of the pool gives this connection".to_owned(),
                ))
            }

            fn execute_returning_count<T>(&mut self, source: &T) -> diesel::QueryResult<usize>
            where
                T: diesel::query_builder::QueryFragment<diesel::pg::Pg>
                    + diesel::query_builder::QueryId,
            {
                let result = self.lent.connection.execute_returning_count(source);
                self.lent.observe(result)
            }

            fn transaction_state(&mut self) -> &mut diesel::connection::AnsiTransactionManager {
                self.lent.connection.transaction_state()
            }

            fn instrumentation(&mut self) -> &mut dyn diesel::connection::Instrumentation {
                self.lent.connection.instrumentation()
            }

            /// Lasts until the end of the scope.
            fn set_instrumentation(
                &mut self,
                instrumentation: impl diesel::connection::Instrumentation,
            ) {
                self.lent.connection.set_instrumentation(instrumentation);
            }

            /// Lasts until the end of the scope, and only ever disables the cache behind a pooler.
            fn set_prepared_statement_cache_size(&mut self, size: diesel::connection::CacheSize) {
                if self.lent.direct {
                    self.lent.connection.set_prepared_statement_cache_size(size);
                }
            }
        }

        impl<B> diesel::connection::LoadConnection<B> for $connection
        where
            diesel::PgConnection: diesel::connection::LoadConnection<B, Backend = diesel::pg::Pg>,
        {
            type Cursor<'conn, 'query> =
                <diesel::PgConnection as diesel::connection::LoadConnection<B>>::Cursor<
                    'conn,
                    'query,
                >;
            type Row<'conn, 'query> =
                <diesel::PgConnection as diesel::connection::LoadConnection<B>>::Row<'conn, 'query>;

            fn load<'conn, 'query, T>(
                &'conn mut self,
                source: T,
            ) -> diesel::QueryResult<Self::Cursor<'conn, 'query>>
            where
                T: diesel::query_builder::Query
                    + diesel::query_builder::QueryFragment<diesel::pg::Pg>
                    + diesel::query_builder::QueryId
                    + 'query,
                diesel::pg::Pg: diesel::expression::QueryMetadata<T::SqlType>,
            {
                let link = &mut **self.lent;
                let result = link.connection.load(source);
                link.trouble.note(result, &mut link.broken)
            }
        }

        impl<Changes, Output> diesel::query_dsl::UpdateAndFetchResults<Changes, Output>
            for $connection
        where
            diesel::PgConnection: diesel::query_dsl::UpdateAndFetchResults<Changes, Output>,
        {
            fn update_and_fetch(&mut self, changeset: Changes) -> diesel::QueryResult<Output> {
                let result = self.lent.connection.update_and_fetch(changeset);
                self.lent.observe(result)
            }
        }

        impl<T, A> diesel::prelude::ExecuteCopyFromDsl<$connection>
            for diesel::pg::CopyFromQuery<T, A>
        where
            diesel::pg::CopyFromQuery<T, A>:
                diesel::prelude::ExecuteCopyFromDsl<diesel::PgConnection>,
        {
            type Error = <Self as diesel::prelude::ExecuteCopyFromDsl<diesel::PgConnection>>::Error;

            fn execute(self, connection: &mut $connection) -> Result<usize, Self::Error> {
                let link = &mut **connection.lent;
                diesel::prelude::ExecuteCopyFromDsl::execute(self, &mut link.connection)
                    .inspect_err(|_| link.note_failed_copy())
            }
        }

        impl $connection {
            /// `COPY … TO STDOUT`: what the server sends, in `format`. `target` is a table or a tuple of its columns.
            ///
            /// `COPY … FROM STDIN` needs no method: the `execute` of [`diesel::copy_from`] takes this connection.
            ///
            /// # Errors
            /// Those of Diesel.
            pub fn copy_out<T>(
                &mut self,
                target: T,
                format: diesel::pg::CopyFormat,
            ) -> diesel::QueryResult<impl std::io::BufRead>
            where
                T: diesel::pg::CopyTarget,
            {
                let query = diesel::copy_to(target).with_format(format);
                let link = &mut **self.lent;
                let result = query.load_raw(&mut link.connection);
                link.trouble.note(result, &mut link.broken)
            }

            /// Diesel's own connection, for code that takes nothing else.
            ///
            /// Given up with it: that the type says whose rows are used. Code that takes a `PgConnection` can't tell a
            /// tenant's from a shared one, or from one that is in no scope at all. The scope itself stays as safe:
            /// what is done here is cleaned and proven clean like everything else, and a connection that was replaced
            /// by another is closed; behind a pooler, where that can't be found out, it is closed in any case.
            pub fn without_the_types_guarantee(&mut self) -> &mut diesel::PgConnection {
                self.lent.exposed = true;
                &mut self.lent.connection
            }
        }

        impl std::fmt::Debug for $connection {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($connection))
                    .field("backend", &self.lent.backend)
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(super) use forward_to_diesel;
