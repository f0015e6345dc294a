use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the files are, and what is allowed at once.
///
/// ```
/// use std::time::Duration;
/// use tenantry_sqlite::SqliteConfig;
///
/// let config = SqliteConfig::new("/var/lib/shop")
///     .lock_timeout(Duration::from_secs(2))
///     .open_files(100);
/// assert_eq!(config.folder(), std::path::Path::new("/var/lib/shop"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteConfig {
    pub(crate) folder: PathBuf,
    pub(crate) lock_timeout: Duration,
    pub(crate) wait: Duration,
    pub(crate) open_files: u32,
    pub(crate) files_per_tenant: u32,
}

impl SqliteConfig {
    /// How many tenant files are open at once, unless [`SqliteConfig::open_files`] says otherwise.
    pub const OPEN_FILES: u32 = 64;
    /// How often one tenant's file is open at once, unless [`SqliteConfig::files_per_tenant`] says otherwise.
    pub const FILES_PER_TENANT: u32 = 8;
    /// How long a lock is waited for, unless [`SqliteConfig::lock_timeout`] says otherwise.
    pub const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a free connection is waited for, unless [`SqliteConfig::wait`] says otherwise.
    pub const WAIT: Duration = Duration::from_secs(10);

    /// The files in `folder`, with the default limits.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            lock_timeout: Self::LOCK_TIMEOUT,
            wait: Self::WAIT,
            open_files: Self::OPEN_FILES,
            files_per_tenant: Self::FILES_PER_TENANT,
        }
    }

    /// How long anything waits for a lock: SQLite's busy time-out, and that of the provider's own locks.
    #[must_use]
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Self {
        self.lock_timeout = lock_timeout;
        self
    }

    /// How long a scope waits for a free connection.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// How many connections there are at once, in use and idle, at least 1. Each takes eight file descriptors: the
    /// tenant's file and the shared one with their logs, and two lock files.
    #[must_use]
    pub fn open_files(mut self, open_files: u32) -> Self {
        self.open_files = open_files.max(1);
        self
    }

    /// How many connections one tenant may use at once, at least 1, so that it can't take them all.
    #[must_use]
    pub fn files_per_tenant(mut self, files_per_tenant: u32) -> Self {
        self.files_per_tenant = files_per_tenant.max(1);
        self
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
