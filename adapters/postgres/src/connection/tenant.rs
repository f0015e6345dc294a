use tenantry::TenantSchema;

use super::forward::forward_to_diesel;
use crate::pool::Lent;

/// A connection inside one tenant: what code for tenant tables takes.
///
/// Plain Diesel code runs on it: the query builder, associations, `sql_query`, nested `transaction` (savepoints in a
/// transaction scope), `COPY`. It is only ever lent, by [`TenantPool`](crate::TenantPool); it can't be made, kept, or
/// turned into a [`SharedConnection`](crate::SharedConnection).
///
/// Leave `BEGIN`, `COMMIT` and `ROLLBACK` as SQL text to the scope.
pub struct TenantConnection {
    pub(crate) lent: Lent,
    schema: TenantSchema,
}

impl TenantConnection {
    pub(crate) fn new(lent: Lent, schema: TenantSchema) -> Self {
        Self { lent, schema }
    }

    /// The schema that unqualified names resolve in, and whose it is.
    pub fn schema(&self) -> TenantSchema {
        self.schema
    }
}

forward_to_diesel!(TenantConnection);
