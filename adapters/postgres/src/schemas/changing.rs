use diesel::PgConnection;
use diesel::result::Error;
use tenantry::TenantSchema;
use tenantry::ports::{Creation, Mark, MigrationReport, Removal, SchemaError, SchemaState};

use super::catalog;
use super::eviction::evict;
use super::fault::{Failure, SchemaFault, Work, shown};
use super::migrations::{Migration, refused};
use super::outside::{Before, Intrusion};
use super::provider::Inner;
use super::reading::names;
use super::{removal, run, script};
use crate::mark_of;

const MAY_CREATE: &str =
    "grant it CREATE on the database (GRANT CREATE ON DATABASE … TO …), or use another role";
const MUST_OWN: &str = "use the role that owns the schema and its tables";

impl Inner {
    pub(super) fn create(&self, schema: &TenantSchema) -> Result<Creation, SchemaError> {
        let work = self.work(schema, MAY_CREATE);
        self.transact(&work, |connection| {
            let target = self.target(schema);
            run::lock(connection, target.schema)?;
            match catalog::mark(connection, target.schema)? {
                Some(mark) if mark == Mark::Tenant(schema.tenant) => {
                    return Ok(Creation::AlreadyThere);
                }
                Some(mark) => return Err(foreign(schema, mark)),
                None => {}
            }
            evict(connection, &work)?;
            let before = Before::look(connection, self.shared.as_str())?;
            make(connection, schema).map_err(|error| taken_meanwhile(&work, error))?;
            target.enter(connection)?;
            target.make_ledger(connection)?;
            let applied = self.apply(connection, &work, &self.migrations.pending(&[]), &before)?;
            Ok(Creation::Made(MigrationReport { applied }))
        })
    }

    pub(super) fn migrate(&self, schema: &TenantSchema) -> Result<MigrationReport, SchemaError> {
        let work = self.work(schema, MUST_OWN);
        let mut connection = self.connect()?;
        match self.state(&mut connection, schema)? {
            SchemaState::Missing => return Err(SchemaError::Missing { schema: *schema }),
            SchemaState::Foreign { mark } => {
                return Err(SchemaError::Foreign {
                    schema: *schema,
                    mark,
                });
            }
            SchemaState::Ours { pending } if pending.is_empty() => {
                return Ok(MigrationReport::default());
            }
            SchemaState::Ours { .. } => {}
        }
        transact_on(&mut connection, &work, |connection| {
            let target = self.target(schema);
            run::lock(connection, target.schema)?;
            Self::prove_ours(connection, schema)?;
            let before = Before::look(connection, self.shared.as_str())?;
            target.enter(connection)?;
            let applied = target.applied(connection)?;
            let pending = self.migrations.pending(&applied);
            let applied = self.apply(connection, &work, &pending, &before)?;
            Ok(MigrationReport { applied })
        })
    }

    fn apply(
        &self,
        connection: &mut PgConnection,
        work: &Work<'_>,
        migrations: &[&Migration],
        before: &Before,
    ) -> Result<Vec<String>, Failure> {
        let target = self.target(work.schema);
        let applied = target
            .apply(connection, migrations)
            .map_err(|failed| work.migration_failed(&failed.migration, failed.error))?;
        let intrusions = before.intrusions(connection, &target)?;
        if let Some(first) = intrusions.first() {
            return Err(intruded(first, &intrusions, migrations).into());
        }
        Self::prove_ours(connection, work.schema)?;
        Ok(applied)
    }

    pub(super) fn remove(&self, schema: &TenantSchema) -> Result<Removal, SchemaError> {
        let work = self.work(schema, MUST_OWN);
        self.transact(&work, |connection| {
            let name = schema.name.as_str();
            run::lock(connection, name)?;
            match catalog::mark(connection, name)? {
                None => return Ok(Removal::NotThere),
                Some(mark) if mark == Mark::Tenant(schema.tenant) => {}
                Some(mark) => return Err(foreign(schema, mark)),
            }
            evict(connection, &work)?;
            removal::lock_tables(connection, name)?;
            let objects = removal::dependents_outside(connection, name)?;
            if !objects.is_empty() {
                return Err(Failure::Named(SchemaError::Failed {
                    source: SchemaFault::DependentsOutside { objects }.into(),
                }));
            }
            removal::drop_schema(connection, name)?;
            Ok(Removal::Dropped)
        })
    }

    /// What was true before the lock was taken may not be true any more.
    fn prove_ours(connection: &mut PgConnection, schema: &TenantSchema) -> Result<(), Failure> {
        match catalog::mark(connection, schema.name.as_str())? {
            Some(mark) if mark == Mark::Tenant(schema.tenant) => Ok(()),
            Some(mark) => Err(foreign(schema, mark)),
            None => Err(SchemaError::Missing { schema: *schema }.into()),
        }
    }

    fn transact<T>(
        &self,
        work: &Work<'_>,
        body: impl FnOnce(&mut PgConnection) -> Result<T, Failure>,
    ) -> Result<T, SchemaError> {
        transact_on(&mut self.connect()?, work, body)
    }
}

/// Somebody who takes no lock of ours may make a schema of that name since it was looked for.
fn taken_meanwhile(work: &Work<'_>, error: Error) -> Failure {
    match script::sqlstate(&error) {
        Some("42P06" | "23505") => work.busy(Some(error)).into(),
        _ => error.into(),
    }
}

fn transact_on<T>(
    connection: &mut PgConnection,
    work: &Work<'_>,
    body: impl FnOnce(&mut PgConnection) -> Result<T, Failure>,
) -> Result<T, SchemaError> {
    connection
        .build_transaction()
        .read_committed()
        .read_write()
        .run(body)
        .map_err(|failure: Failure| failure.named(work))
}

fn make(connection: &mut PgConnection, schema: &TenantSchema) -> diesel::QueryResult<()> {
    let (name, mark) = (
        schema.name.quoted(),
        script::literal(&mark_of(schema.tenant)),
    );
    script::execute(
        connection,
        &format!("CREATE SCHEMA {name}; COMMENT ON SCHEMA {name} IS {mark};"),
    )
}

fn foreign(schema: &TenantSchema, mark: Mark) -> Failure {
    Failure::Named(SchemaError::Foreign {
        schema: *schema,
        mark,
    })
}

fn intruded(first: &Intrusion, all: &[Intrusion], migrations: &[&Migration]) -> SchemaError {
    let culprit = migrations
        .iter()
        .find(|migration| Some(&migration.version) == first.version.as_ref())
        .map_or_else(|| names(migrations).join(", "), |found| found.name.clone());
    let what: Vec<String> = all.iter().map(|one| one.what.clone()).collect();
    let what = shown(&what);
    let reason = if all.iter().any(|one| one.extension) {
        format!(
            "it makes {what}, which belongs to the whole database: make extensions in the shared migrations"
        )
    } else {
        format!(
            "it makes, changes or drops what is outside of the tenant's schema ({what}), which happens once and not \
             once for each tenant: leave the schema's name out, or do it in the shared migrations"
        )
    };
    refused(culprit, reason)
}
