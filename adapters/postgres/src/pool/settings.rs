use std::time::Duration;

use crate::SharedSchema;

/// How a [`TenantPool`](crate::TenantPool) shares its connections. The defaults are those of [`PoolSettings::default`].
///
/// ```
/// use std::time::Duration;
/// use tenantry_postgres::PoolSettings;
///
/// let settings = PoolSettings {
///     max_size: 16,
///     acquire_timeout: Duration::from_secs(2),
///     ..PoolSettings::default()
/// };
/// assert_eq!(settings.per_tenant, None, "half of the connections, then");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// The most connections at once: 10.
    pub max_size: u32,
    /// The most that one tenant may use at once, so that none takes them all: half of `max_size`, rounded up.
    pub per_tenant: Option<u32>,
    /// The longest that a scope waits for a connection: 5 seconds.
    pub acquire_timeout: Duration,
    /// After so many different tenants a connection takes no other: 200.
    ///
    /// A server process keeps 0.2 to 0.35 MB for each 20-table schema that it ever touched, and gives none back until
    /// it ends: 200 tenants are some 50 MB for each connection.
    pub tenants_per_connection: u32,
    /// A connection older than this is closed when it comes back: half an hour.
    pub max_lifetime: Duration,
    /// For how long a proof that was made in the background counts on entering a session scope: 1 second.
    ///
    /// Within it, a session scope on a connection that stands ready for its tenant is entered without a question to the
    /// server. What Tenantry itself does to schemas is always noticed, and so is a schema that is dropped, renamed or
    /// closed to the role by hand: its name stands for nothing then. Not noticed within it, if done by hand: that
    /// another schema was *put in the place* of the tenant's, under the same name, or that its mark was changed.
    /// `Duration::ZERO` asks every time. Transaction scopes always ask, since they make the trip anyway.
    pub trust: Duration,
    /// The schema of the shared tables: `public`.
    pub shared_schema: SharedSchema,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_size: 10,
            per_tenant: None,
            acquire_timeout: Duration::from_secs(5),
            tenants_per_connection: 200,
            max_lifetime: Duration::from_secs(30 * 60),
            trust: Duration::from_secs(1),
            shared_schema: SharedSchema::default(),
        }
    }
}

impl PoolSettings {
    pub(crate) fn check(&self) -> Result<(), PoolSettingsError> {
        if self.max_size == 0 || self.per_tenant == Some(0) || self.tenants_per_connection == 0 {
            return Err(PoolSettingsError::Zero);
        }
        Ok(())
    }

    pub(crate) fn one_tenant(&self) -> u32 {
        self.per_tenant.unwrap_or(self.max_size.div_ceil(2))
    }
}

/// Why there is no pool with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolSettingsError {
    /// One of the numbers is zero.
    #[error("max_size, per_tenant and tenants_per_connection must be at least 1")]
    Zero,
    /// The system refuses the thread that cleans connections.
    #[error("the system refuses a thread for cleaning connections: raise the limit of threads")]
    NoThread,
}
