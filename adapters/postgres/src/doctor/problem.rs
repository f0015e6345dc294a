use std::fmt;

use tenantry::ports::Mark;
use tenantry::{SchemaName, Slug, TenantId, TenantStatus};

use crate::{MARK_PREFIX, SharedSchema};

/// Something that a [`Doctor`](super::Doctor) found: what it is, how bad it is, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub problem: Problem,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something doesn't work, or a tenant's rows aren't where they should be.
    Error,
    /// It works, and will not always.
    Warning,
}

/// What can be wrong. [`fmt::Display`] says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The server is older than what Tenantry is made for. Nothing else was looked at.
    ServerTooOld {
        /// Its major version.
        found: i32,
        /// The oldest that works.
        minimum: i32,
    },
    /// The connection leads to a pooler. Nothing else was looked at.
    PoolerInBetween,
    /// The language that statements on schemas are written in is gone from the database.
    NoPlPgSql,
    /// The role can't make schemas.
    MayNotCreateSchemas {
        /// The role.
        role: String,
        /// The database.
        database: String,
    },
    /// There is no shared schema.
    SharedSchemaMissing {
        /// Its name.
        schema: SharedSchema,
    },
    /// The role can't use the shared schema.
    MayNotUseShared {
        /// The role.
        role: String,
        /// The schema.
        schema: SharedSchema,
    },
    /// Tenantry's own tables aren't there, or not up to date.
    RepositoryNotSetUp {
        /// The migrations that are missing.
        pending: Vec<String>,
    },
    /// The host's own shared migrations aren't up to date.
    SharedMigrationsPending {
        /// The migrations that are missing.
        pending: Vec<String>,
    },
    /// A tenant that was provisioned has no schema.
    SchemaMissing {
        /// The tenant.
        tenant: TenantId,
        /// Its slug.
        slug: Slug,
        /// Its status.
        status: TenantStatus,
    },
    /// A schema that is called like a tenant's isn't one of Tenantry's.
    SchemaUnmarked {
        /// Its name.
        schema: SchemaName,
        /// What its mark says.
        mark: Mark,
        /// The tenant that should have a schema of this name.
        wanted_by: Option<TenantId>,
    },
    /// A schema's mark names a tenant that isn't recorded, or one whose schema has another name.
    SchemaOrphaned {
        /// Its name.
        schema: SchemaName,
        /// Whose it says it is.
        tenant: TenantId,
    },
    /// The role doesn't own a tenant's schema, and so can't migrate or drop it.
    SchemaNotOwned {
        /// Its name.
        schema: SchemaName,
        /// Who owns it.
        owner: String,
    },
    /// A tenant's schema lacks migrations.
    MigrationsPending {
        /// Its name.
        schema: SchemaName,
        /// Which.
        pending: Vec<String>,
    },
    /// A tenant's schema has lost its ledger, or the role may not read it.
    LedgerUnreadable {
        /// Its name.
        schema: SchemaName,
    },
    /// A table of the shared schema and one of tenants' schemas have the same name.
    NameShadowed {
        /// The name.
        name: String,
        /// In how many tenants' schemas.
        schemas: u64,
    },
    /// One tenant takes a large part of the server's table of locks.
    LockTableSmall {
        /// How many locks the table has room for.
        room: u64,
        /// How many dropping or dumping the largest tenant's schema takes, about.
        one_tenant: u64,
        /// The setting.
        max_locks_per_transaction: u64,
    },
}

impl Problem {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ServerTooOld { .. }
            | Self::PoolerInBetween
            | Self::NoPlPgSql
            | Self::MayNotCreateSchemas { .. }
            | Self::SharedSchemaMissing { .. }
            | Self::MayNotUseShared { .. }
            | Self::RepositoryNotSetUp { .. }
            | Self::SchemaMissing { .. }
            | Self::LedgerUnreadable { .. }
            | Self::SchemaUnmarked {
                wanted_by: Some(_), ..
            } => Severity::Error,
            Self::SharedMigrationsPending { .. }
            | Self::SchemaUnmarked {
                wanted_by: None, ..
            }
            | Self::SchemaOrphaned { .. }
            | Self::SchemaNotOwned { .. }
            | Self::MigrationsPending { .. }
            | Self::NameShadowed { .. }
            | Self::LockTableSmall { .. } => Severity::Warning,
        }
    }

    /// A short name that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ServerTooOld { .. } => "server-too-old",
            Self::PoolerInBetween => "pooler-in-between",
            Self::NoPlPgSql => "no-plpgsql",
            Self::MayNotCreateSchemas { .. } => "may-not-create-schemas",
            Self::SharedSchemaMissing { .. } => "shared-schema-missing",
            Self::MayNotUseShared { .. } => "may-not-use-shared",
            Self::RepositoryNotSetUp { .. } => "repository-not-set-up",
            Self::SharedMigrationsPending { .. } => "shared-migrations-pending",
            Self::SchemaMissing { .. } => "schema-missing",
            Self::SchemaUnmarked { .. } => "schema-unmarked",
            Self::SchemaOrphaned { .. } => "schema-orphaned",
            Self::SchemaNotOwned { .. } => "schema-not-owned",
            Self::MigrationsPending { .. } => "migrations-pending",
            Self::LedgerUnreadable { .. } => "ledger-unreadable",
            Self::NameShadowed { .. } => "name-shadowed",
            Self::LockTableSmall { .. } => "lock-table-small",
        }
    }

    /// How to mend it.
    pub fn advice(&self) -> String {
        match self {
            Self::ServerTooOld { minimum, .. } => format!("upgrade to PostgreSQL {minimum} or newer"),
            Self::PoolerInBetween => {
                "give this command, and whatever works on schemas, a URL that leads to PostgreSQL itself".into()
            }
            Self::NoPlPgSql => "run: CREATE EXTENSION plpgsql".into(),
            Self::MayNotCreateSchemas { role, database } => {
                format!("run: GRANT CREATE ON DATABASE \"{database}\" TO \"{role}\"")
            }
            Self::SharedSchemaMissing { .. } | Self::RepositoryNotSetUp { .. } => {
                "run `tenantry setup`, or SharedMigrations::of_tenantry in the program".into()
            }
            Self::MayNotUseShared { role, schema } => {
                format!("run: GRANT USAGE ON SCHEMA \"{schema}\" TO \"{role}\"")
            }
            Self::SharedMigrationsPending { .. } | Self::MigrationsPending { .. } => {
                "run `tenantry migrate`".into()
            }
            Self::SchemaMissing { .. } => {
                "restore it from a backup, or suspend, delete and purge the tenant".into()
            }
            Self::SchemaUnmarked {
                schema,
                wanted_by: Some(tenant),
                ..
            } => format!(
                "rename it if it is somebody else's; if it is a copy of the tenant's own, run: \
                 COMMENT ON SCHEMA \"{schema}\" IS '{MARK_PREFIX}{tenant}'"
            ),
            Self::SchemaUnmarked {
                schema,
                wanted_by: None,
                ..
            } => format!(
                "rename it (ALTER SCHEMA \"{schema}\" RENAME TO …), or no tenant can have the slug {}",
                schema.slug()
            ),
            Self::SchemaOrphaned { schema, .. } => format!(
                "if its tenant was removed by hand, save what you need and run: DROP SCHEMA \"{schema}\" CASCADE"
            ),
            Self::SchemaNotOwned { schema, .. } => {
                format!("run as its owner: ALTER SCHEMA \"{schema}\" OWNER TO …, and so for its tables")
            }
            Self::LedgerUnreadable { schema } => format!(
                "restore {schema}.__diesel_schema_migrations from a backup, or grant USAGE on the schema and SELECT \
                 on the table"
            ),
            Self::NameShadowed { name, .. } => format!(
                "rename one of them, or never put the shared schema into a path: \"{name}\" would mean the tenant's \
                 table in one place and everybody's in another"
            ),
            Self::LockTableSmall {
                max_locks_per_transaction,
                ..
            } => format!(
                "set max_locks_per_transaction to {} or more in postgresql.conf, and restart the server",
                max_locks_per_transaction.saturating_mul(4)
            ),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerTooOld { found, minimum } => {
                write!(
                    f,
                    "the server is PostgreSQL {found}, and Tenantry needs {minimum}"
                )
            }
            Self::PoolerInBetween => f.write_str("the connection leads to a pooler"),
            Self::NoPlPgSql => f.write_str("the database has no language plpgsql"),
            Self::MayNotCreateSchemas { role, database } => {
                write!(f, "role {role} may not make schemas in database {database}")
            }
            Self::SharedSchemaMissing { schema } => write!(f, "there is no shared schema {schema}"),
            Self::MayNotUseShared { role, schema } => {
                write!(f, "role {role} may not use the shared schema {schema}")
            }
            Self::RepositoryNotSetUp { pending } => write!(
                f,
                "the table of tenants isn't set up: {} is missing",
                pending.join(", ")
            ),
            Self::SharedMigrationsPending { pending } => {
                write!(f, "the shared schema lacks {}", pending.join(", "))
            }
            Self::SchemaMissing {
                tenant,
                slug,
                status,
            } => write!(
                f,
                "tenant {slug} ({tenant}) is {status}, and its schema is gone"
            ),
            Self::SchemaUnmarked {
                schema,
                mark,
                wanted_by,
            } => {
                write!(f, "schema {schema} {mark}")?;
                match wanted_by {
                    Some(tenant) => write!(f, ", and tenant {tenant} should have it"),
                    None => Ok(()),
                }
            }
            Self::SchemaOrphaned { schema, tenant } => write!(
                f,
                "schema {schema} says that it is of tenant {tenant}, who isn't recorded with it"
            ),
            Self::SchemaNotOwned { schema, owner } => {
                write!(f, "schema {schema} is owned by {owner}, not by this role")
            }
            Self::MigrationsPending { schema, pending } => {
                write!(f, "schema {schema} lacks {}", pending.join(", "))
            }
            Self::LedgerUnreadable { schema } => write!(
                f,
                "schema {schema} has no ledger of migrations that this role can read"
            ),
            Self::NameShadowed { name, schemas } => write!(
                f,
                "the shared schema and {schemas} tenants' schemas have a table called {name}"
            ),
            Self::LockTableSmall {
                room, one_tenant, ..
            } => write!(
                f,
                "dropping the largest tenant takes about {one_tenant} of the server's {room} locks"
            ),
        }
    }
}

impl Finding {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.problem.severity()
    }
}

impl From<Problem> for Finding {
    fn from(problem: Problem) -> Self {
        Self { problem }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { problem } = self;
        write!(f, "{problem}: {}", problem.advice())
    }
}
