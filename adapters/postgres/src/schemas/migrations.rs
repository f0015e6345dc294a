use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use diesel::connection::{BoxableConnection, SimpleConnection};
use diesel::migration::{Migration as DieselMigration, MigrationSource};
use diesel::pg::Pg;
use diesel::result::QueryResult;
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations};
use tenantry::ports::SchemaError;

/// A host's migrations, in the form that Diesel's own tools read and write: for the tenants' schemas, or for the
/// shared one.
///
/// They are read and checked once, here, before anything touches a database. Of each migration only `up.sql` is
/// used. Cloning is cheap.
///
/// # What is refused
/// - `run_in_transaction = false` in a `metadata.toml`: all migrations of one run are one transaction, so that a
///   failure leaves nothing half-made.
/// - Two migrations of the same version, of which Diesel would silently drop one.
/// - An empty `up.sql`.
///
/// ```
/// use tenantry_postgres::Migrations;
///
/// let folder = tempfile::tempdir()?;
/// let notes = folder.path().join("2024-05-01-120000_notes");
/// std::fs::create_dir(&notes)?;
/// std::fs::write(notes.join("up.sql"), "CREATE TABLE notes (id bigserial PRIMARY KEY);")?;
///
/// let migrations = Migrations::folder(folder.path())?;
/// assert_eq!(migrations.names().collect::<Vec<_>>(), ["2024-05-01-120000_notes"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Migrations {
    list: Arc<[Migration]>,
}

/// One migration: what it is called, and what it does.
pub(crate) struct Migration {
    pub(crate) version: String,
    pub(crate) name: String,
    pub(crate) sql: String,
}

impl Migrations {
    /// The longest version, in characters: what Diesel's ledger has room for.
    const LONGEST_VERSION: usize = 50;

    /// No migrations: for a command that makes and migrates no schemas.
    pub fn none() -> Self {
        Self { list: Arc::new([]) }
    }

    /// Takes migrations that are part of the program, by `embed_migrations!`.
    ///
    /// # Errors
    /// [`SchemaError::MigrationRefused`]; see [above](Self#what-is-refused).
    pub fn embedded(source: &EmbeddedMigrations) -> Result<Self, SchemaError> {
        Self::read(
            source,
            "they were embedded by another version of diesel_migrations",
        )
    }

    /// Reads the migrations in a folder: a folder with an `up.sql` for each, as `diesel migration generate` makes them.
    ///
    /// # Errors
    /// [`SchemaError::MigrationsUnreadable`], and [`SchemaError::MigrationRefused`]; see
    /// [above](Self#what-is-refused).
    pub fn folder(path: impl AsRef<Path>) -> Result<Self, SchemaError> {
        let path = path.as_ref();
        let reason = format!(
            "give a folder that holds a folder with an up.sql for each migration, unlike {}",
            path.display()
        );
        match FileBasedMigrations::from_path(path) {
            Ok(source) => Self::read(&source, &reason),
            Err(error) => Err(SchemaError::MigrationsUnreadable {
                reason,
                source: error.into(),
            }),
        }
    }

    /// Their names, in the order in which they run.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|migration| migration.name.as_str())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Those whose version isn't among `applied`, in the order in which they run.
    pub(crate) fn pending(&self, applied: &[String]) -> Vec<&Migration> {
        let lacks = |migration: &&Migration| !applied.contains(&migration.version);
        self.list.iter().filter(lacks).collect()
    }

    /// The same migrations with another text.
    pub(crate) fn map_sql(&self, change: impl Fn(&str) -> String) -> Self {
        let changed = self.list.iter().map(|migration| Migration {
            version: migration.version.clone(),
            name: migration.name.clone(),
            sql: change(&migration.sql),
        });
        Self {
            list: changed.collect(),
        }
    }

    fn read(source: &impl MigrationSource<Pg>, reason: &str) -> Result<Self, SchemaError> {
        let unreadable = |source| SchemaError::MigrationsUnreadable {
            reason: reason.to_owned(),
            source,
        };
        let found = source.migrations().map_err(unreadable)?;
        let mut list = Vec::with_capacity(found.len());
        for migration in found {
            list.push(read_one(migration.as_ref())?);
        }
        list.sort_by(|a, b| a.version.cmp(&b.version));
        refuse_twins(&list)?;
        Ok(Self { list: list.into() })
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

fn read_one(migration: &dyn DieselMigration<Pg>) -> Result<Migration, SchemaError> {
    let name = migration.name().to_string();
    let version = migration.name().version().to_string();
    if !migration.metadata().run_in_transaction() {
        return Err(refused(
            name,
            "it says run_in_transaction = false, but all migrations of a run are one transaction: \
             leave that out, and do what needs it (CREATE INDEX CONCURRENTLY) from outside",
        ));
    }
    if version.len() > Migrations::LONGEST_VERSION {
        return Err(refused(
            name,
            "its version is longer than 50 characters: shorten it",
        ));
    }
    let mut recorder = Recorder::default();
    migration
        .run(&mut recorder)
        .map_err(|source| SchemaError::MigrationsUnreadable {
            reason: format!("read the up.sql of {name}, and write it anew if it is empty"),
            source,
        })?;
    if recorder.sql.trim().is_empty() {
        return Err(refused(
            name,
            "its up.sql is empty: write it, or remove the migration",
        ));
    }
    Ok(Migration {
        version,
        name,
        sql: recorder.sql,
    })
}

fn refuse_twins(sorted: &[Migration]) -> Result<(), SchemaError> {
    let twins = sorted
        .windows(2)
        .find(|pair| pair[0].version == pair[1].version);
    match twins {
        None => Ok(()),
        Some(pair) => Err(refused(
            pair[1].name.clone(),
            format!(
                "it has the same version as {}: rename one of them",
                pair[0].name
            ),
        )),
    }
}

pub(crate) fn refused(migration: impl Into<String>, reason: impl Into<String>) -> SchemaError {
    SchemaError::MigrationRefused {
        migration: migration.into(),
        reason: reason.into(),
    }
}

/// Takes a migration's text instead of running it.
#[derive(Default)]
struct Recorder {
    sql: String,
}

impl SimpleConnection for Recorder {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.sql.push_str(query);
        Ok(())
    }
}

impl BoxableConnection<Pg> for Recorder {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(migrations: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, sql) in migrations {
            let path = folder.path().join(name);
            fs::create_dir(&path).expect("a folder");
            fs::write(path.join("up.sql"), sql).expect("a file");
        }
        folder
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_versions() {
        let folder = folder(&[
            ("2_b", "SELECT 2"),
            ("1_a", "SELECT 1"),
            ("10_c", "SELECT 10"),
        ]);
        let migrations = Migrations::folder(folder.path()).expect("migrations");
        // As text, which is how Diesel orders them.
        assert_eq!(
            migrations.names().collect::<Vec<_>>(),
            ["1_a", "10_c", "2_b"]
        );
        let applied = ["1".to_owned(), "2".to_owned()];
        let pending = migrations.pending(&applied);
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0].sql, "SELECT 10");
    }

    #[test]
    fn two_migrations_of_one_version_are_refused() {
        let folder = folder(&[("1_a", "SELECT 1"), ("1_b", "SELECT 1")]);
        let refused = Migrations::folder(folder.path()).expect_err("twins");
        assert!(
            matches!(refused, SchemaError::MigrationRefused { .. }),
            "{refused}"
        );
    }

    #[test]
    fn a_migration_that_wants_no_transaction_is_refused_before_anything_runs() {
        let folder = folder(&[("1_a", "SELECT 1")]);
        let metadata = folder.path().join("1_a/metadata.toml");
        fs::write(&metadata, "run_in_transaction = true").expect("a file");
        Migrations::folder(folder.path()).expect("it may say what is the default");
        fs::write(&metadata, "run_in_transaction = false").expect("a file");
        let refused = Migrations::folder(folder.path()).expect_err("no transaction");
        assert!(refused.to_string().contains("one transaction"), "{refused}");
    }

    #[test]
    fn an_empty_migration_is_refused() {
        for text in ["", " \n"] {
            let folder = folder(&[("1_a", text)]);
            let refused = Migrations::folder(folder.path()).expect_err("empty");
            assert!(refused.to_string().contains("empty"), "{refused}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_says_what_to_give() {
        let refused = Migrations::folder("/nonexistent/migrations").expect_err("no folder");
        assert!(
            matches!(refused, SchemaError::MigrationsUnreadable { .. }),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("up.sql"), "{refused}");
    }
}
