use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tenantry::ports::{SchemaProvider, TenantRepository, TenantScopes};
use tenantry::{SchemaName, Slug, SlugError, TenantContext, TenantId};

use crate::{Capabilities, Probe, ProbeError, unsupported};

/// One adapter, in a world of its own, as the suite runs it.
///
/// # The world
/// [`Harness::start`] makes a fresh one for each behaviour: no tenants, no tenant schemas, nothing shared with other
/// worlds, which live at the same time. Dropping the harness clears it away.
///
/// The shared schema holds a table `notices(value bigint)` with the one row [`NOTICE`], beside what the adapter
/// keeps there for itself. No tenant has such a table.
///
/// # The tenant migrations
/// There are two, whatever they are called. The first makes:
/// - the table `items(value)`, its values of 32 bits or more;
/// - and, as far as the capabilities are claimed: the sequence `item_numbers`, the view `item_sum`, the function
///   `sum_of_items()`, the enum type `state` (`new`, `old`) and the table `states(state state)`.
///
/// The second changes the shape of `items` (`value` from 32 bits to 64, say, with the view made anew), so that
/// statements prepared before it go stale. Where columns can't be changed, it adds one.
///
/// # Limits
/// Locks are waited for 500 ms at most, connections 2 s, so that the suite sees both run out.
///
/// ```text
///  start ─▶ repository, schemas(migrations)   the ports under test
///           scopes ─▶ tenant_probe, shared_probe   plain statements on the adapter's connections
///           outside    what an operator does behind Tenantry's back
/// ```
pub trait Harness: Send + Sync + Sized + 'static {
    /// The adapter's scopes.
    type Scopes: TenantScopes;

    /// What the adapter is called in reports and in the book's table: `postgres`.
    const ADAPTER: &'static str;

    /// What the adapter claims, without starting anything.
    fn claims() -> Capabilities;

    /// Makes a fresh world whose scopes share `connections` connections, where the adapter has such a number.
    ///
    /// # Panics
    /// If there is no server to be had: it names the command that installs one.
    fn start(connections: u32) -> Self;

    /// Makes a fresh world whose scopes go through a pooler in transaction mode, which has one connection to the
    /// server for all of its clients. Repository and schemas may go around it.
    ///
    /// # Errors
    /// [`unsupported`] without [`Capability::TransactionPooler`](crate::Capability::TransactionPooler).
    fn start_behind_pooler(clients: u32) -> Result<Self, ProbeError> {
        let _ = clients;
        Err(unsupported("a pooler in transaction mode"))
    }

    /// The door by which a stranger's text becomes a slug: the host's own, if it has one.
    ///
    /// # Errors
    /// A text that breaks a rule is refused, never repaired.
    fn slug(text: &str) -> Result<Slug, SlugError> {
        Slug::new(text)
    }

    /// The repository of this world.
    fn repository(&self) -> Arc<dyn TenantRepository>;

    /// A schema provider of this world, which runs these migrations.
    fn schemas(&self, migrations: Migrations) -> Arc<dyn SchemaProvider>;

    /// The scopes of this world.
    fn scopes(&self) -> &Self::Scopes;

    /// The suite's hands on a tenant connection.
    fn tenant_probe<'c>(
        connection: &'c mut <Self::Scopes as TenantScopes>::Tenant,
    ) -> Box<dyn Probe + 'c>;

    /// The suite's hands on a shared connection.
    fn shared_probe<'c>(
        connection: &'c mut <Self::Scopes as TenantScopes>::Shared,
    ) -> Box<dyn Probe + 'c>;

    /// The adapter's asynchronous transaction scope, as a future that is safe to drop.
    ///
    /// # Errors
    /// [`unsupported`] without [`Capability::AsyncScopes`](crate::Capability::AsyncScopes).
    fn in_tenant_async(
        &self,
        context: TenantContext,
        work: AsyncWork,
    ) -> Result<ScopeFuture<'_>, ProbeError> {
        let _ = (context, work);
        Err(unsupported("an asynchronous scope"))
    }

    /// What an operator does behind Tenantry's back.
    fn outside(&self) -> &dyn Outside;
}

/// The row that the shared table `notices` holds when a world begins.
pub const NOTICE: i64 = 777_777;

/// Which tenant migrations a provider runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Migrations {
    /// Both.
    All,
    /// The first one alone: a host that is one release behind.
    First,
    /// Both, of which the second makes the table `half_made` and then fails.
    SecondFails,
}

/// Work for [`Harness::in_tenant_async`].
pub type AsyncWork = Box<dyn FnOnce(&mut dyn Probe) -> Result<(), ProbeError> + Send>;

/// What [`Harness::in_tenant_async`] gives.
pub type ScopeFuture<'a> = Pin<Box<dyn Future<Output = Result<(), ProbeError>> + Send + 'a>>;

/// What an operator does behind Tenantry's back, with rights of their own, past the adapter.
///
/// Each answers [`unsupported`] by default; a capability of [`Capabilities`] stands for each.
pub trait Outside {
    /// Drops a schema with all that is in it.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`].
    fn drop_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        let _ = name;
        Err(unsupported("dropping a schema from outside"))
    }

    /// Renames a schema. Its mark goes with it.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`].
    fn rename_schema(&self, from: &SchemaName, to: &SchemaName) -> Result<(), ProbeError> {
        let _ = (from, to);
        Err(unsupported("renaming a schema from outside"))
    }

    /// Takes away the right of the adapter's role to use a schema.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`].
    fn revoke_usage(&self, name: &SchemaName) -> Result<(), ProbeError> {
        let _ = name;
        Err(unsupported("rights on a schema"))
    }

    /// Creates a schema that carries no mark, with a table `items` as a tenant has it.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`].
    fn create_unmarked_schema(&self, name: &SchemaName) -> Result<(), ProbeError> {
        let _ = name;
        Err(unsupported("a schema without a mark"))
    }

    /// Replaces the mark of a schema by that of `tenant`.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`].
    fn put_mark(&self, name: &SchemaName, tenant: TenantId) -> Result<(), ProbeError> {
        let _ = (name, tenant);
        Err(unsupported("marking a schema from outside"))
    }

    /// Runs `work` while somebody else's tool, a dump say, holds a lock on a tenant's schema that a migration of `items`
    /// waits for, and that a reader doesn't wait for.
    ///
    /// # Errors
    /// What the store said, or [`unsupported`].
    fn while_locked(&self, name: &SchemaName, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        let _ = (name, work);
        Err(unsupported("a lock that lets readers through"))
    }

    /// Stops the server without a farewell, runs `work`, and starts it again.
    ///
    /// # Errors
    /// What the server said, or [`unsupported`].
    fn while_stopped(&self, work: &mut dyn FnMut()) -> Result<(), ProbeError> {
        let _ = work;
        Err(unsupported("stopping the server"))
    }

    /// How many tenants a connection serves before it is replaced: 8 at most, for the suite's patience.
    ///
    /// # Errors
    /// [`unsupported`].
    fn tenants_per_connection(&self) -> Result<u32, ProbeError> {
        Err(unsupported(
            "replacing a connection by the tenants that it served",
        ))
    }

    /// How many connections the scopes share: the number that [`Harness::start`] was given.
    ///
    /// # Errors
    /// [`unsupported`].
    fn pool_size(&self) -> Result<u32, ProbeError> {
        Err(unsupported("a limited number of connections"))
    }

    /// How many connections one tenant may use at once: fewer than 4.
    ///
    /// # Errors
    /// [`unsupported`].
    fn connections_per_tenant(&self) -> Result<u32, ProbeError> {
        Err(unsupported(
            "a limited number of connections for each tenant",
        ))
    }
}
