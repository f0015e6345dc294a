use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use tenantry::ports::ScopeError;
use tenantry::{SchemaName, TenantId};
use tenantry_conformance::{Outside, ProbeError};

use super::server;
use crate::mark_of;

/// Somebody with the superuser's `psql`.
pub(super) struct Operator {
    pub(super) database: String,
    pub(super) role: String,
    pub(super) connections: u32,
    pub(super) per_tenant: u32,
    pub(super) tenants_per_connection: u32,
}

impl Operator {
    fn run(&self, sql: &str) -> Result<(), ProbeError> {
        let done = server::shared().run_sql(&self.database, sql);
        done.map(drop).map_err(failed)
    }
}

impl Outside for Operator {
    fn drop_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        self.run(&format!("DROP SCHEMA {name} CASCADE"))
    }

    fn rename_schema(&self, from: &SchemaName, to: &SchemaName) -> Result<(), ProbeError> {
        self.run(&format!("ALTER SCHEMA {from} RENAME TO {to}"))
    }

    fn revoke_usage(&self, name: &SchemaName) -> Result<(), ProbeError> {
        self.run(&format!("REVOKE USAGE ON SCHEMA {name} FROM {}", self.role))
    }

    fn create_unmarked_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        let role = &self.role;
        self.run(&format!(
            "CREATE SCHEMA {name} AUTHORIZATION {role}; CREATE TABLE {name}.items (value bigint NOT NULL); \
             ALTER TABLE {name}.items OWNER TO {role}"
        ))
    }

    fn put_mark(&self, name: &SchemaName, tenant: TenantId) -> Result<(), ProbeError> {
        self.run(&format!(
            "COMMENT ON SCHEMA {name} IS '{}'",
            mark_of(tenant)
        ))
    }

    /// As `pg_dump` does it.
    fn while_locked(&self, name: &SchemaName, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        let url = server::shared().database_url(&self.database);
        let mut connection = PgConnection::establish(&url).map_err(failed)?;
        let lock = format!("BEGIN; LOCK TABLE {name}.items IN ACCESS SHARE MODE");
        connection.batch_execute(&lock).map_err(failed)?;
        work();
        connection.batch_execute("COMMIT").map_err(failed)
    }

    fn while_stopped(&self, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        self.run("CHECKPOINT")?;
        server::while_crashed(work).map_err(failed)
    }

    fn tenants_per_connection(&self) -> Result<u32, ProbeError> {
        Ok(self.tenants_per_connection)
    }

    fn pool_size(&self) -> Result<u32, ProbeError> {
        Ok(self.connections)
    }

    fn connections_per_tenant(&self) -> Result<u32, ProbeError> {
        Ok(self.per_tenant)
    }
}

/// What the operator's own tool said.
pub(super) fn failed(error: impl Into<tenantry::BoxError>) -> ProbeError {
    let source = error.into();
    ScopeError::Failed { source }.into()
}
