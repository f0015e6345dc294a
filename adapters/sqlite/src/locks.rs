//! Locks between processes, on empty files beside the tenants' own.
//!
//! Each tenant has two. `<schema>.work` is held by whoever makes, migrates or removes the tenant's file, so that these
//! exclude each other. `<schema>.use` is shared by the scopes that are in the file, and held alone by whoever removes it.
//! The system frees both when a process dies. The lock files stay when a tenant is removed: somebody may be waiting
//! on one, and a new file in its place would be another lock.
//!
//! SQLite's own locks can't serve for this: they are dropped when *any* descriptor of the file is closed in the process,
//! and an idle connection holds one all the time.
//!
//! The length of a `.use` file is the file's *generation*: whoever changes the schema makes it longer by a byte, and a
//! connection that was opened at another length is opened anew.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use fs4::{FileExt, TryLockError};

/// Between two looks at a lock that is held: the system has no wait with a time limit.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One lock file, open. Dropping it frees the lock.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
}

impl LockFile {
    /// Opens it, and makes it if it isn't there.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        private(&mut options);
        Ok(Self {
            file: options.open(path)?,
        })
    }

    /// Takes the lock alone. `WouldBlock` if that can't be had within `wait`.
    pub(crate) fn lock(&self, wait: Duration) -> io::Result<()> {
        poll(wait, || FileExt::try_lock(&self.file))
    }

    /// Takes the lock together with others who share it. `WouldBlock` if that can't be had within `wait`.
    pub(crate) fn share(&self, wait: Duration) -> io::Result<()> {
        poll(wait, || FileExt::try_lock_shared(&self.file))
    }

    /// Frees the lock.
    pub(crate) fn free(&self) -> io::Result<()> {
        FileExt::unlock(&self.file)
    }

    /// How often the schema was changed.
    pub(crate) fn generation(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Tells every connection that the schema has changed.
    pub(crate) fn advance(&self) -> io::Result<()> {
        (&self.file).write_all(b".")
    }
}

/// Only the owner may read and write what is made with these options.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

fn poll(wait: Duration, take: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    let deadline = Instant::now() + wait;
    loop {
        match take() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(LOOK_AGAIN.min(wait));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
