use std::io;

/// Why a server for tests isn't running, or didn't do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The server's programs aren't on this machine.
    #[error("{server} isn't installed ({looked}): run `apt-get install {package}`")]
    NotInstalled {
        /// What is missing.
        server: &'static str,
        /// Where it was looked for.
        looked: String,
        /// The Debian package that holds it.
        package: &'static str,
    },
    /// The installed server is too old.
    #[error("PostgreSQL {found} is too old: install {needed} or newer")]
    TooOld {
        /// The major version that was found.
        found: u32,
        /// The lowest that will do.
        needed: u32,
    },
    /// A folder's name is too long for the name of a Unix socket.
    #[error("{folder} is too long a path for a Unix socket: set TMPDIR to a shorter one")]
    PathTooLong {
        /// The folder.
        folder: String,
    },
    /// The server refused, or stopped. The end of what it wrote is in the text.
    #[error("{server} failed to {action}:\n{log}")]
    Failed {
        /// Which server.
        server: &'static str,
        /// What it was asked to do.
        action: String,
        /// The end of its log.
        log: String,
    },
    /// The operating system refused.
    #[error("can't {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl ServerError {
    pub(super) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
