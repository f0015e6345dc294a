use tenantry::{SchemaName, TenantId};

use crate::database::{Place, Schema};
use crate::{MemoryDatabase, Tables};

/// What an operator could do to a database behind Tenantry's back, so that a test can see what comes of it.
///
/// It asks nobody: neither whose a schema is, nor whether a transaction is open in it. Each method says whether it did
/// anything.
#[derive(Debug)]
pub struct Operator<'a>(&'a MemoryDatabase);

impl MemoryDatabase {
    /// The operator of this database.
    pub fn operator(&self) -> Operator<'_> {
        Operator(self)
    }
}

impl Operator<'_> {
    /// Drops a schema with all that is in it.
    pub fn drop_schema(&self, name: SchemaName) -> bool {
        self.0.state().remove(&Place::Tenant(name)).is_some()
    }

    /// Renames a schema, unless the new name is taken. Its mark goes with it.
    pub fn rename_schema(&self, from: SchemaName, to: SchemaName) -> bool {
        let mut state = self.0.state();
        if state.contains_key(&Place::Tenant(to)) {
            return false;
        }
        state
            .remove(&Place::Tenant(from))
            .map(|schema| state.insert(Place::Tenant(to), schema))
            .is_some()
    }

    /// Makes a schema that carries no mark, unless the name is taken.
    pub fn create_schema(&self, name: SchemaName, tables: Tables) -> bool {
        let mut state = self.0.state();
        let free = !state.contains_key(&Place::Tenant(name));
        if free {
            let schema = Schema {
                tables,
                ..Schema::default()
            };
            state.insert(Place::Tenant(name), schema);
        }
        free
    }

    /// Replaces a schema's mark.
    pub fn put_mark(&self, name: SchemaName, tenant: TenantId) -> bool {
        let mut state = self.0.state();
        let schema = state.get_mut(&Place::Tenant(name));
        schema.map(|schema| schema.owner = Some(tenant)).is_some()
    }
}
