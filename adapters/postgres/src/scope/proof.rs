//! What is sent on entering and leaving: one batch each, in which a proof that fails is an error of the server.
//!
//! The proof is a cast that can't succeed: of a text of ours, to a number. The server's message then holds that text,
//! whatever its language is.

use diesel::result::{DatabaseErrorKind, Error};
use tenantry::TenantSchema;
use tenantry::ports::{ScopeError, ScopeName};

use crate::{Fault, ServerSaid, SharedSchema, lease_key, mark_of};

/// The path of a connection that is in no scope: nothing but the system's own schema, so that a name stands for no table.
pub(crate) const BASE_PATH: &str = "pg_catalog,pg_temp";

/// Leaves a tenant's path, and gives its lease back.
pub(crate) const COOL_DOWN: &str = "SELECT pg_catalog.set_config('search_path', 'pg_catalog,pg_temp', false), \
     pg_catalog.pg_advisory_unlock_all()";

/// A path that holds one schema. Temporary tables come last, so that none hides a table.
pub(crate) fn path(quoted_schema: &str) -> String {
    format!("{quoted_schema}, pg_temp")
}

/// Where a scope's names resolve, and what must be true of it.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Tenant(TenantSchema),
    Shared(SharedSchema),
}

const MISSING: &str = "tenantry:missing";
const FOREIGN: &str = "tenantry:foreign";
const UNUSABLE: &str = "tenantry:unusable";
const CHANGING: &str = "tenantry:changing";
const ENDED: &str = "tenantry:ended";

impl Place {
    pub(crate) fn name(&self) -> ScopeName {
        match self {
            Self::Tenant(schema) => ScopeName::Tenant(schema.tenant),
            Self::Shared(_) => ScopeName::Shared,
        }
    }

    /// The tenant's schema, and none of the shared one.
    pub(crate) fn schema(&self) -> Option<TenantSchema> {
        match self {
            Self::Tenant(schema) => Some(*schema),
            Self::Shared(_) => None,
        }
    }

    /// As the catalogue has it.
    pub(crate) fn schema_name(&self) -> String {
        match self {
            Self::Tenant(schema) => schema.name.to_string(),
            Self::Shared(schema) => schema.as_str().to_owned(),
        }
    }

    pub(crate) fn quoted(&self) -> String {
        match self {
            Self::Tenant(schema) => schema.name.quoted(),
            Self::Shared(schema) => schema.quoted(),
        }
    }

    /// Sets the path, for the transaction or for the session.
    fn setting_of_path(&self, local: bool) -> String {
        let path = path(&self.quoted());
        format!("pg_catalog.set_config('search_path', '{path}', {local})")
    }

    /// An expression that fails with a text of ours unless names can resolve here, and only as they should.
    fn proof(&self) -> String {
        let foreign = match self {
            Self::Tenant(schema) => format!(
                "WHEN (SELECT d.description FROM pg_catalog.pg_description AS d WHERE d.objoid = ns.id \
                 AND d.classoid = 2615 AND d.objsubid = 0) IS DISTINCT FROM '{}' THEN '{FOREIGN}' ",
                mark_of(schema.tenant)
            ),
            Self::Shared(_) => String::new(),
        };
        format!(
            "CAST(CASE WHEN ns.id IS NULL THEN '{MISSING}' {foreign}\
             WHEN NOT pg_catalog.has_schema_privilege(ns.id, 'USAGE') THEN '{UNUSABLE}' \
             ELSE '1' END AS pg_catalog.int4)"
        )
    }

    fn source(&self) -> String {
        format!(
            "(SELECT pg_catalog.to_regnamespace('{}')::pg_catalog.oid AS id) AS ns",
            self.quoted()
        )
    }

    /// A statement that takes the lease on what the name stands for, or fails at once with a text of ours.
    ///
    /// It stands before the proof and apart from it, so that the proof sees what the lock's last holder did.
    pub(crate) fn lease(&self, function: &str) -> String {
        match self {
            Self::Tenant(schema) => format!(
                "SELECT CAST(CASE WHEN pg_catalog.{function}(CAST('{}' AS pg_catalog.int8)) THEN '1' \
                 ELSE '{CHANGING}' END AS pg_catalog.int4); ",
                lease_key(&schema.name)
            ),
            Self::Shared(_) => String::new(),
        }
    }

    /// Begins the scope's transaction, for [`diesel`] to count. It holds the lease until its end.
    pub(crate) fn begin(&self, marker: u64) -> String {
        format!(
            "BEGIN; {}SELECT pg_catalog.set_config('tenantry.scope', '{marker}', true), {}, {} FROM {}",
            self.lease("pg_try_advisory_xact_lock_shared"),
            self.setting_of_path(true),
            self.proof(),
            self.source()
        )
    }

    /// Sets the session's path, and takes its lease unless it is held already.
    pub(crate) fn set_session(&self, leased: bool) -> String {
        let lease = if leased {
            String::new()
        } else {
            self.lease("pg_try_advisory_lock_shared")
        };
        format!(
            "{lease}SELECT {}, {} FROM {}",
            self.setting_of_path(false),
            self.proof(),
            self.source()
        )
    }

    /// Asks again whether everything is as it should be.
    pub(crate) fn prove(&self) -> String {
        format!("SELECT {} FROM {}", self.proof(), self.source())
    }

    /// What a failed proof means, if the error is one.
    pub(crate) fn refusal(&self, error: &Error) -> Option<ScopeError> {
        let Error::DatabaseError(_, information) = error else {
            return None;
        };
        let says = |marker| information.message().contains(marker);
        match self {
            Self::Tenant(schema) => {
                let schema = *schema;
                if says(MISSING) {
                    Some(ScopeError::SchemaMissing { schema })
                } else if says(FOREIGN) {
                    Some(ScopeError::SchemaForeign { schema })
                } else if says(UNUSABLE) {
                    Some(ScopeError::SchemaUnusable { schema })
                } else if says(CHANGING) {
                    Some(ScopeError::SchemaChanging { schema })
                } else {
                    None
                }
            }
            Self::Shared(schema) => {
                let schema = schema.clone();
                (says(MISSING) || says(UNUSABLE)).then(|| ScopeError::Failed {
                    source: Box::new(SharedSchemaUnusable { schema }),
                })
            }
        }
    }
}

/// Puts a session that is warm for another tenant in no place, in a transaction of its own: the scope's rollback must
/// not bring the other's path back.
pub(crate) fn leave_other() -> String {
    format!("BEGIN; {COOL_DOWN}; COMMIT; ")
}

/// Fails unless the transaction is still the one that `marker` was set in.
pub(crate) fn still_ours(marker: u64) -> String {
    format!(
        "SELECT CAST(CASE pg_catalog.current_setting('tenantry.scope', true) WHEN '{marker}' THEN '1' \
         ELSE '{ENDED}' END AS pg_catalog.int4)"
    )
}

/// Clears the server before a pooler hands it to somebody else. What a rollback undoes is left to the rollback.
pub(crate) const CLEAR_POOLED: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *; \
    DISCARD SEQUENCES; DISCARD TEMP; SELECT pg_catalog.pg_advisory_unlock_all(); \
    DO 'DECLARE statement text; BEGIN FOR statement IN SELECT name FROM pg_catalog.pg_prepared_statements \
    WHERE from_sql LOOP EXECUTE pg_catalog.format(''DEALLOCATE %I'', statement); END LOOP; END'";

/// Clears the server that a pooler hands out, in a transaction of its own: the scope's rollback must not bring back what
/// work that ended its own transaction left there, on this server or another.
pub(crate) fn clear_pooled() -> String {
    format!("BEGIN; {CLEAR_POOLED}; COMMIT; ")
}

/// The scope's error for a statement of ours that failed, or for one that leaves no doubt.
pub(crate) fn scope_error(error: Error) -> ScopeError {
    if let Error::DatabaseError(DatabaseErrorKind::Unknown, information) = &error
        && information.message().contains(ENDED)
    {
        return ScopeError::TransactionEnded;
    }
    let fault = Fault::of(&error);
    let source = Box::new(error);
    match fault {
        Fault::Unavailable | Fault::Exhausted => ScopeError::Unavailable { source },
        Fault::StorageFull => ScopeError::StorageFull { source },
        Fault::Conflict => ScopeError::Conflict { source },
        _ => ScopeError::Failed { source },
    }
}

/// The shared schema isn't there, or the role may not use it.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the shared schema {schema} is missing, or the role may not use it: create it and grant USAGE"
)]
struct SharedSchemaUnusable {
    schema: SharedSchema,
}

/// The error of a scope in which a cached plan's result changed.
pub(crate) fn schema_changed(schema: TenantSchema, said: String) -> ScopeError {
    ScopeError::SchemaChanged {
        schema,
        source: Box::new(ServerSaid::scrubbed(said)),
    }
}
