//! Changes on a condition: one statement each, which also says what it found if the condition doesn't hold.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid};
use tenantry::ports::{RepositoryError, TenantKey};
use tenantry::{Tenant, TenantId, Version};
use tenantry_postgres::SharedConnection;

// ANCHOR: update
// The lock lets `found` wait for whoever changes the row at the same time, and see what they made of it.
// An account that was frozen before it had a schema stays frozen when it gets one.
const UPDATE: &str = "
    WITH changed AS (
        UPDATE public.accounts SET
            display_name = $3,
            version = $4,
            provisioned_at = $5,
            settings = $6,
            frozen_at = CASE
                WHEN $7 = 'suspended' THEN coalesce(frozen_at, now())
                WHEN $7 = 'active' AND provisioned_at IS NOT NULL THEN NULL
                ELSE frozen_at
            END,
            closed_at = CASE WHEN $7 = 'deleted' THEN coalesce(closed_at, now()) END
        WHERE tenant_id = $1 AND version = $2
        RETURNING id
    ), found AS (
        SELECT version FROM public.accounts WHERE tenant_id = $1 FOR UPDATE
    )
    SELECT EXISTS (SELECT FROM changed) AS changed, (SELECT version FROM found) AS found";
// ANCHOR_END: update

const REMOVE: &str = "
    WITH changed AS (
        DELETE FROM public.accounts WHERE tenant_id = $1 AND version = $2 RETURNING id
    ), found AS (
        SELECT version FROM public.accounts WHERE tenant_id = $1 FOR UPDATE
    )
    SELECT EXISTS (SELECT FROM changed) AS changed, (SELECT version FROM found) AS found";

pub(super) fn update(
    connection: &mut SharedConnection,
    tenant: &Tenant,
    expected: Version,
) -> QueryResult<Outcome> {
    diesel::sql_query(UPDATE)
        .bind::<Uuid, _>(tenant.id().as_uuid())
        .bind::<BigInt, _>(expected.number())
        .bind::<Text, _>(tenant.name().as_str())
        .bind::<BigInt, _>(tenant.version().number())
        .bind::<Nullable<Timestamptz>, _>(tenant.provisioned_at())
        .bind::<Jsonb, _>(tenant.settings().to_value())
        .bind::<Text, _>(tenant.status().as_str())
        .get_result(connection)
}

pub(super) fn remove(
    connection: &mut SharedConnection,
    id: TenantId,
    expected: Version,
) -> QueryResult<Outcome> {
    diesel::sql_query(REMOVE)
        .bind::<Uuid, _>(id.as_uuid())
        .bind::<BigInt, _>(expected.number())
        .get_result(connection)
}

/// What a change on a condition came to.
#[derive(QueryableByName)]
pub(super) struct Outcome {
    #[diesel(sql_type = Bool)]
    changed: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    found: Option<i64>,
}

impl Outcome {
    pub(super) fn check(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        let key = TenantKey::Id(id);
        match (self.changed, self.found) {
            (true, _) => Ok(()),
            (false, None) => Err(RepositoryError::NotFound { key }),
            (false, Some(found)) => Err(RepositoryError::Stale {
                id,
                expected,
                found: Version::new(found)
                    .map_err(|source| RepositoryError::Inconsistent { key, source })?,
            }),
        }
    }
}
