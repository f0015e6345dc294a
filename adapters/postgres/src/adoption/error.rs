use tenantry::{BoxError, Excerpt, TenantSchema};

/// Why an adoption stopped. What was copied stays; the same call goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptionError {
    /// No table was named, or a batch of no rows.
    #[error("nothing is to be moved: name at least one table, and a batch of at least one row")]
    NothingToDo,
    /// The schema isn't there, or isn't this tenant's.
    #[error("schema {schema} is missing or isn't that tenant's: provision the tenant first")]
    NotTheTenants {
        /// Which.
        schema: TenantSchema,
    },
    /// One of the two sides has no such table.
    #[error(
        "schema {schema} has no table {table}: run the tenant's migrations first, or leave the table out"
    )]
    NoSuchTable {
        /// In which schema it is missing.
        schema: String,
        /// Which.
        table: Excerpt,
    },
    /// Rows that can't be told apart can't be moved twice without harm.
    #[error("table {table} has no primary key in the tenant's schema: add one in a migration")]
    NoPrimaryKey {
        /// Which.
        table: Excerpt,
    },
    /// The two tables have different columns.
    #[error(
        "column {column} of table {table} is {shared} in the shared schema and {tenant} in the tenant's: make them agree by a migration"
    )]
    ColumnsDiffer {
        /// Which table.
        table: Excerpt,
        /// Which column.
        column: Excerpt,
        /// Its type in the shared schema, or `absent`.
        shared: String,
        /// Its type in the tenant's schema, or `absent`.
        tenant: String,
    },
    /// Tables that refer to each other in a circle have no order in which they can be copied.
    #[error(
        "tables {tables} refer to each other in a circle: make one of their foreign keys deferred, or copy them by hand"
    )]
    Circle {
        /// Which.
        tables: String,
    },
    /// Removing rows would change others that nobody asked about.
    #[error(
        "removing rows of table {table} would change rows of {referring} by foreign key {constraint}: make it ON DELETE NO ACTION first, or remove the originals by hand"
    )]
    WouldCascade {
        /// The table whose rows are to go.
        table: Excerpt,
        /// The table that refers to it, with its schema.
        referring: Excerpt,
        /// The foreign key that has ON DELETE CASCADE, SET NULL or SET DEFAULT.
        constraint: Excerpt,
    },
    /// After copying, the two sides differ: somebody wrote meanwhile, or the tenant had other rows under the same keys.
    #[error(
        "{different} rows of table {table} differ between the two schemas; nothing was removed: stop the writers and run it again, or mend the rows"
    )]
    RowsDiffer {
        /// Which table.
        table: Excerpt,
        /// How many shared rows have no equal in the tenant's table.
        different: i64,
    },
    /// A statement failed.
    #[error("moving the rows of table {table} failed at {doing}; the batch was rolled back")]
    Failed {
        /// Which table.
        table: Excerpt,
        /// What was being done.
        doing: &'static str,
        /// What Diesel said.
        source: BoxError,
    },
}

impl AdoptionError {
    pub(super) fn failed(
        table: &str,
        doing: &'static str,
    ) -> impl FnOnce(diesel::result::Error) -> Self + use<> {
        let table = Excerpt::of(table);
        move |source| Self::Failed {
            table,
            doing,
            source: Box::new(source),
        }
    }
}
