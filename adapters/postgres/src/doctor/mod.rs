//! What is wrong with a database that Tenantry works on, and how to mend it.

mod facts;
mod problem;

use std::collections::{HashMap, HashSet};

use diesel::PgConnection;
use tenantry::ports::{Mark, SchemaError};
use tenantry::{SchemaName, Slug, TenantId, TenantStatus};

pub use problem::{Finding, Problem, Severity};

use self::facts::Record;
use crate::{
    ConnectError, FleetSchema, PostgresConfig, PostgresSchemaProvider, SharedError,
    SharedMigrations, SharedSchema,
};

/// Looks a database over and changes nothing: rights, the table of tenants, every tenant's schema, names that shadow each
/// other, the server's limits.
///
/// ```no_run
/// use tenantry_postgres::doctor::Doctor;
/// use tenantry_postgres::{Migrations, PostgresConfig, PostgresSchemaProvider};
///
/// # async fn look() -> Result<(), Box<dyn std::error::Error>> {
/// let config: PostgresConfig = "postgresql://owner@db.example/shop".parse()?;
/// let migrations = Migrations::folder("migrations/tenant")?;
/// let provider = PostgresSchemaProvider::new(config.clone(), migrations);
/// for finding in Doctor::new(config, provider).examine().await? {
///     println!("{:?}: {finding}", finding.severity());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Doctor {
    config: PostgresConfig,
    provider: PostgresSchemaProvider,
    shared: SharedSchema,
    host: Option<SharedMigrations>,
}

impl Doctor {
    /// Looks at this database, with this provider's migrations, and `public` as the shared schema.
    pub fn new(config: PostgresConfig, provider: PostgresSchemaProvider) -> Self {
        Self {
            config,
            provider,
            shared: SharedSchema::default(),
            host: None,
        }
    }

    /// Looks at another shared schema.
    #[must_use]
    pub fn with_shared_schema(mut self, shared: SharedSchema) -> Self {
        self.shared = shared;
        self
    }

    /// Looks also whether the host's own shared migrations are up to date.
    #[must_use]
    pub fn with_shared_migrations(mut self, host: SharedMigrations) -> Self {
        self.host = Some(host);
        self
    }

    /// Everything that was found, the worst first; nothing if all is well.
    ///
    /// # Errors
    /// [`DoctorError`], if it couldn't look. A server that is too old and a pooler in between are findings.
    ///
    /// # Cost
    /// About twenty round trips on three connections, and two more for every thousand schemas.
    pub async fn examine(&self) -> Result<Vec<Finding>, DoctorError> {
        let pending = match self.tenantry_pending().await {
            Err(DoctorError::Connect(error)) => return found_instead(error),
            pending => pending?,
        };
        let set_up = pending.is_empty();
        let mut problems = Vec::new();
        if !set_up {
            problems.push(Problem::RepositoryNotSetUp { pending });
        }
        if let Some(host) = &self.host {
            let pending = host.pending().await?;
            if !pending.is_empty() {
                problems.push(Problem::SharedMigrationsPending { pending });
            }
        }
        let fleet = self.provider.fleet().await?;
        let doctor = self.clone();
        let rest = blocking::unblock(move || doctor.look(&fleet, set_up)).await?;
        problems.extend(rest);
        let mut findings: Vec<Finding> = problems.into_iter().map(Finding::from).collect();
        findings.sort_by_key(Finding::severity);
        Ok(findings)
    }

    async fn tenantry_pending(&self) -> Result<Vec<String>, DoctorError> {
        let own = SharedMigrations::of_tenantry(self.config.clone());
        let pending = own.with_shared_schema(self.shared.clone()).pending().await;
        match pending {
            Err(SharedError::Connect(error)) => Err(DoctorError::Connect(error)),
            pending => Ok(pending?),
        }
    }

    fn look(&self, fleet: &[FleetSchema], set_up: bool) -> Result<Vec<Problem>, DoctorError> {
        let timeout = PostgresSchemaProvider::DEFAULT_LOCK_TIMEOUT;
        let mut connection = self.config.connect_administrative(timeout)?;
        let mut problems = self.server(&mut connection)?;
        let records = if set_up {
            facts::records(&mut connection, &self.shared)?
        } else {
            Vec::new()
        };
        let tenants = Tenants::of(&records);
        problems.extend(tenants.without_schema(fleet));
        problems.extend(fleet.iter().filter_map(|one| tenants.look_at(one, set_up)));
        let ours: Vec<&str> = fleet
            .iter()
            .filter(|one| matches!(one.found.mark, Mark::Tenant(_)))
            .map(|one| one.found.name.as_str())
            .collect();
        for one in facts::not_owned(&mut connection, &ours)? {
            problems.extend(SchemaName::parse(&one.schema).ok().map(|schema| {
                Problem::SchemaNotOwned {
                    schema,
                    owner: one.owner,
                }
            }));
        }
        for shadow in facts::shadows(&mut connection, &self.shared, &ours)? {
            problems.push(Problem::NameShadowed {
                name: shadow.name,
                schemas: shadow.schemas.unsigned_abs(),
            });
        }
        Ok(problems)
    }

    fn server(&self, connection: &mut PgConnection) -> Result<Vec<Problem>, DoctorError> {
        /// A part of the table of locks that one transaction may take without being noticed: a quarter.
        const PART: u64 = 4;

        let facts::Server {
            role,
            database,
            may_create,
            has_shared,
            may_use_shared,
            has_plpgsql,
            max_locks,
            room,
            largest,
        } = facts::server(connection, &self.shared)?;
        let (room, one_tenant) = (room.unsigned_abs(), largest.unsigned_abs());
        let schema = self.shared.clone();
        let found = [
            (!has_plpgsql).then_some(Problem::NoPlPgSql),
            (!may_create).then(|| Problem::MayNotCreateSchemas {
                role: role.clone(),
                database,
            }),
            (!has_shared).then(|| Problem::SharedSchemaMissing {
                schema: schema.clone(),
            }),
            (has_shared && !may_use_shared).then_some(Problem::MayNotUseShared { role, schema }),
            (one_tenant * PART > room).then(|| Problem::LockTableSmall {
                room,
                one_tenant,
                max_locks_per_transaction: max_locks.unsigned_abs(),
            }),
        ];
        Ok(found.into_iter().flatten().collect())
    }
}

/// What is found where the doctor couldn't begin to look: some of the reasons are findings.
fn found_instead(error: ConnectError) -> Result<Vec<Finding>, DoctorError> {
    match error {
        ConnectError::TooOld { found, minimum, .. } => {
            Ok(vec![Problem::ServerTooOld { found, minimum }.into()])
        }
        ConnectError::PoolerInBetween { .. } => Ok(vec![Problem::PoolerInBetween.into()]),
        error => Err(error.into()),
    }
}

/// The records, by what they are looked for by.
struct Tenants {
    provisioned: Vec<(TenantId, Slug, TenantStatus)>,
    schemas: HashMap<SchemaName, TenantId>,
}

impl Tenants {
    /// A record that can't be read as a tenant's is the repository's to complain of.
    fn of(records: &[Record]) -> Self {
        let mut tenants = Self {
            provisioned: Vec::new(),
            schemas: HashMap::new(),
        };
        for record in records {
            let read = (
                TenantId::from_uuid(record.id),
                Slug::new(&record.slug),
                record.status.parse::<TenantStatus>(),
            );
            if let (Ok(id), Ok(slug), Ok(status)) = read {
                tenants.schemas.insert(SchemaName::of(&slug), id);
                if record.provisioned && status != TenantStatus::Deleted {
                    tenants.provisioned.push((id, slug, status));
                }
            }
        }
        tenants
    }

    /// A schema of that name that is another's is told of by [`Self::look_at`].
    fn without_schema(&self, fleet: &[FleetSchema]) -> Vec<Problem> {
        let names: HashSet<SchemaName> = fleet.iter().map(|one| one.found.name).collect();
        let gone =
            |(_, slug, _): &&(TenantId, Slug, TenantStatus)| !names.contains(&SchemaName::of(slug));
        let problem =
            |(tenant, slug, status): &(TenantId, Slug, TenantStatus)| Problem::SchemaMissing {
                tenant: *tenant,
                slug: *slug,
                status: *status,
            };
        self.provisioned.iter().filter(gone).map(problem).collect()
    }

    fn look_at(&self, one: &FleetSchema, set_up: bool) -> Option<Problem> {
        let schema = one.found.name;
        let wanted_by = self.schemas.get(&schema).copied();
        match (&one.found.mark, &one.pending) {
            (Mark::Tenant(tenant), _) if set_up && wanted_by != Some(*tenant) => {
                Some(Problem::SchemaOrphaned {
                    schema,
                    tenant: *tenant,
                })
            }
            (Mark::Tenant(_), None) => Some(Problem::LedgerUnreadable { schema }),
            (Mark::Tenant(_), Some(pending)) if pending.is_empty() => None,
            (Mark::Tenant(_), Some(pending)) => Some(Problem::MigrationsPending {
                schema,
                pending: pending.clone(),
            }),
            (Mark::None | Mark::Unreadable(_), _) => Some(Problem::SchemaUnmarked {
                schema,
                mark: one.found.mark.clone(),
                wanted_by,
            }),
        }
    }
}

/// Why a [`Doctor`] couldn't look.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// There is no connection to be had.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The shared schema can't be looked at.
    #[error(transparent)]
    Shared(#[from] SharedError),
    /// The tenants' schemas can't be looked at.
    #[error(transparent)]
    Schemas(#[from] SchemaError),
    /// A statement failed.
    #[error("the database can't be looked at")]
    Statement(#[from] diesel::result::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_too_old_is_a_finding_and_not_a_failure() {
        let target = "db.example".to_owned();
        let findings = found_instead(ConnectError::TooOld {
            target: target.clone(),
            found: 12,
            minimum: 13,
        })
        .unwrap();
        let [finding] = &findings[..] else {
            panic!("{findings:?}");
        };
        assert_eq!(
            finding.problem,
            Problem::ServerTooOld {
                found: 12,
                minimum: 13
            }
        );
        assert_eq!(finding.severity(), Severity::Error);
        let pooler = found_instead(ConnectError::PoolerInBetween { target }).unwrap();
        assert_eq!(pooler[0].problem, Problem::PoolerInBetween);
    }

    #[test]
    fn a_server_that_cannot_be_reached_is_a_failure() {
        let refused = ConnectError::Refused {
            target: "db.example".to_owned(),
            source: crate::ServerSaid::scrubbed("no route".to_owned()),
        };
        let failed = found_instead(refused).unwrap_err();
        assert!(
            matches!(failed, DoctorError::Connect(ConnectError::Refused { .. })),
            "{failed:?}"
        );
    }
}
