use diesel::connection::BoxableConnection;
use diesel::migration::{
    Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result,
};
use diesel::sqlite::Sqlite;
use tenantry_conformance::{Migrations, NOTICE};

const FIRST: Sql = Sql {
    version: "0001",
    text: "CREATE TABLE items (value INTEGER NOT NULL);
           CREATE VIEW item_sum AS SELECT coalesce(sum(value), 0) AS total FROM items;",
};

const SECOND: Sql = Sql {
    version: "0002",
    text: "ALTER TABLE items ADD COLUMN note TEXT;
           ALTER TABLE items RENAME TO former_items;
           ALTER TABLE former_items RENAME TO items;",
};

const FAILING: Sql = Sql {
    version: "0002",
    text: "CREATE TABLE half_made (value INTEGER); INSERT INTO no_such_table VALUES (1);",
};

/// The tenant migrations of the suite.
pub(super) struct TenantMigrations(pub(super) Migrations);

impl MigrationSource<Sqlite> for TenantMigrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Sqlite>>>> {
        let chosen: &[Sql] = match self.0 {
            Migrations::All => &[FIRST, SECOND],
            Migrations::First => &[FIRST],
            Migrations::SecondFails => &[FIRST, FAILING],
        };
        Ok(chosen
            .iter()
            .map(|migration| Box::new(*migration) as Box<_>)
            .collect())
    }
}

/// The host's shared table.
pub(super) struct Notices;

impl MigrationSource<Sqlite> for Notices {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<Sqlite>>>> {
        let text: &'static str = "CREATE TABLE notices (value INTEGER NOT NULL);
             INSERT INTO notices VALUES (777777);";
        assert!(text.contains(&NOTICE.to_string()));
        Ok(vec![Box::new(Sql {
            version: "0001",
            text,
        })])
    }
}

#[derive(Clone, Copy)]
struct Sql {
    version: &'static str,
    text: &'static str,
}

impl Migration<Sqlite> for Sql {
    fn run(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> Result<()> {
        Ok(connection.batch_execute(self.text)?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Sqlite>) -> Result<()> {
        Err("the suite reverts nothing".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Sql {}

impl MigrationName for Sql {
    fn version(&self) -> MigrationVersion<'_> {
        self.version.into()
    }
}

impl std::fmt::Display for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.version)
    }
}
