use std::sync::Arc;

use tenantry::ports::{SchemaProvider, ScopeMode, TenantRepository, TenantScopes};
use tenantry::{BoxError, TenantContext};

use crate::Fleet;

/// What is measured: one adapter, over a store that is running.
///
/// Three things are the host's own: [`perform`](Subject::perform), in the code that it writes anyway,
/// [`floor`](Subject::floor), the same without Tenantry, and the ports. All else is done by this crate.
///
/// # The tenants
/// [`Subject::schemas`] makes a schema in which [`Work::PointRead`] finds its row. Two small tables do: one with a
/// single row to read, another to insert into.
pub trait Subject {
    /// The adapter's scopes.
    type Scopes: TenantScopes;

    /// What the adapter is called in the report: `postgres`. Letters, digits, `-` and `_`.
    const NAME: &'static str;

    /// The conditions of the measurement, for the report: the server's version, the way to it, the settings that cost or
    /// save time.
    fn conditions(&self) -> String;

    /// The scopes that are entered.
    fn scopes(&self) -> &Self::Scopes;

    /// Where the tenants are recorded, and looked up by.
    fn repository(&self) -> Arc<dyn TenantRepository>;

    /// Makes the schemas of the tenants that are entered.
    fn schemas(&self) -> Arc<dyn SchemaProvider>;

    /// Does `work` on a connection inside a scope, and returns how many rows it read.
    ///
    /// Every call is checked against [`Work::rows`]. [`Work::Nothing`] is never asked for.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn perform(
        connection: &mut <Self::Scopes as TenantScopes>::Tenant,
        work: Work,
    ) -> Result<usize, BoxError>;

    /// One connection of the store's own library, without Tenantry, whose path was set once, to this tenant's schema.
    ///
    /// # Errors
    /// What the store said.
    fn floor(&self, context: &TenantContext) -> Result<Box<dyn Floor + '_>, BoxError>;

    /// The ways to enter a scope that the adapter has. Both, unless it says otherwise.
    fn modes(&self) -> &'static [ScopeMode] {
        &[ScopeMode::Transaction, ScopeMode::Session]
    }

    /// How many times the floor a warm session scope with one point read may cost, by the medians, if there is such a goal.
    fn goal(&self) -> Option<f64> {
        None
    }

    /// What provisioning is measured with: what the schema holds (`20 tables`), and who makes it.
    fn provisioned(&self) -> Vec<(&'static str, Arc<dyn SchemaProvider>)> {
        vec![("the benchmarks' own tables", self.schemas())]
    }

    /// Contexts of `count` active tenants, with schemas that [`Subject::schemas`] made.
    ///
    /// As it comes, it records and provisions tenants named `bench-00001` and so on, where they aren't there already.
    ///
    /// # Errors
    /// What the store said.
    fn contexts(&self, count: usize) -> Result<Vec<TenantContext>, BoxError> {
        Fleet::provision(&self.repository(), &self.schemas(), count)
    }
}

/// What is done inside a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Nothing: the cost is the scope's alone.
    Nothing,
    /// One row is read by its key.
    PointRead,
    /// One row is inserted, and read back by its key.
    InsertAndRead,
}

impl Work {
    /// How many rows it reads, each time.
    pub fn rows(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::PointRead | Self::InsertAndRead => 1,
        }
    }

    /// Its name in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::PointRead => "point read",
            Self::InsertAndRead => "insert and read",
        }
    }
}

/// What the same work costs on one connection that stays with its tenant: no scope, no proof, no cleaning.
pub trait Floor {
    /// The statements of [`Subject::perform`], each committing by itself. Returns how many rows were read.
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn perform(&mut self, work: Work) -> Result<usize, BoxError>;

    /// The same between the beginning and the commit of a transaction, which is empty for [`Work::Nothing`].
    ///
    /// # Errors
    /// What the store said. The benchmark ends then.
    fn perform_in_transaction(&mut self, work: Work) -> Result<usize, BoxError>;
}
