use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs4::FileExt;
use tenantry_admin::BearerTokens;

use super::record::Records;
use crate::config::line_of;

/// The file that names operators. It may be missing: then there are none.
#[derive(Clone, Debug)]
pub(crate) struct OperatorFile {
    path: PathBuf,
}

/// What tells one state of the file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    Missing,
    There { changed: Change, length: u64 },
}

impl OperatorFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Everybody in it, and in which state it was read. It is read again if it was changed meanwhile.
    pub(super) fn tokens(&self) -> Result<(BearerTokens, Stamp), OperatorsError> {
        const ATTEMPTS: usize = 10;
        let mut before = self.stamp()?;
        for _ in 0..ATTEMPTS {
            let tokens = self.read()?.tokens().map_err(|reason| self.wrong(reason))?;
            let after = self.stamp()?;
            if after == before {
                return Ok((tokens, after));
            }
            before = after;
        }
        Err(self.wrong("it is changed all the time".to_owned()))
    }

    pub(super) fn stamp(&self) -> Result<Stamp, OperatorsError> {
        match fs::metadata(&self.path) {
            Ok(facts) => Ok(Stamp::There {
                changed: change(&facts),
                length: facts.len(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Stamp::Missing),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Everybody in it, as it is written there.
    pub(super) fn read(&self) -> Result<Records, OperatorsError> {
        match fs::metadata(&self.path) {
            Ok(facts) if is_open_to_others(&facts) => {
                let path = self.path.clone();
                return Err(OperatorsError::Open { path });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Records::default()),
            Err(error) => return Err(self.failed(error)),
        }
        let text = fs::read_to_string(&self.path).map_err(|error| self.failed(error))?;
        let records: Records = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            self.wrong(format!("line {line}: {}", error.message()))
        })?;
        // What is wrong with one of them is found now, and not when it is used.
        records.tokens().map_err(|reason| self.wrong(reason))?;
        Ok(records)
    }

    /// Changes it as a whole, or not at all, with no other command between reading and writing.
    pub(super) fn change(
        &self,
        change: impl FnOnce(&mut Records) -> Result<(), String>,
    ) -> Result<(), OperatorsError> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let failed = |error| self.failed(error);
        make_folder(folder).map_err(failed)?;
        let lock = private(&beside(&self.path, ".lock"), false).map_err(failed)?;
        FileExt::lock(&lock).map_err(failed)?;
        let mut records = self.read()?;
        change(&mut records).map_err(|reason| self.wrong(reason))?;
        records.tokens().map_err(|reason| self.wrong(reason))?;
        let text = toml::to_string(&records).map_err(|error| self.wrong(error.to_string()))?;
        let new = beside(&self.path, ".new");
        let mut file = private(&new, true).map_err(failed)?;
        file.write_all(format!("{HEADING}{text}").as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &self.path))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(failed)
    }

    fn failed(&self, source: io::Error) -> OperatorsError {
        let path = self.path.clone();
        OperatorsError::File { path, source }
    }

    fn wrong(&self, reason: String) -> OperatorsError {
        let path = self.path.clone();
        OperatorsError::Wrong { path, reason }
    }
}

const HEADING: &str = "# Who may administer tenants, by the digests of their tokens.\n\
     # tenantry operator token, list and revoke look after it; a server that runs notices.\n\n";

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Makes a folder, where it is missing, for its owner alone.
fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file for its owner alone.
fn private(path: &Path, afresh: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(afresh);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether others than its owner may write to it, and so let themselves in.
#[cfg(unix)]
fn is_open_to_others(facts: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    facts.permissions().mode() & 0o022 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Metadata) -> bool {
    false
}

/// Which file it is, and when it or its mode was changed.
#[cfg(unix)]
type Change = (u64, i64, i64);
#[cfg(not(unix))]
type Change = Option<std::time::SystemTime>;

#[cfg(unix)]
fn change(facts: &Metadata) -> Change {
    use std::os::unix::fs::MetadataExt;
    (facts.ino(), facts.ctime(), facts.ctime_nsec())
}

#[cfg(not(unix))]
fn change(facts: &Metadata) -> Change {
    facts.modified().ok()
}

/// Why the file of operators can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperatorsError {
    #[error("the file of operators {} can't be used", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("others may write to the file of operators {}: chmod go-w it", path.display())]
    Open { path: PathBuf },
    #[error("the file of operators {}: {reason}", path.display())]
    Wrong { path: PathBuf, reason: String },
    #[error("no file of operators is named: give --operators FILE or TENANTRY_OPERATORS")]
    NoFile,
    #[error("{0}")]
    Refused(String),
    #[error("there is no operator {0}")]
    NoSuch(tenantry::Excerpt),
    #[error(transparent)]
    Operators(#[from] tenantry::operators::OperatorError),
    #[error(transparent)]
    Actor(tenantry::ActorError),
    #[error("there is no address for a link: say where the server is, by --public-url")]
    Url(#[source] tenantry_admin::PublicUrlError),
    #[error("it can't be recorded in the audit log, so it wasn't done")]
    Unrecorded(#[source] tenantry::BoxError),
    #[error("the system gives no random bytes for a token")]
    Random(#[source] tenantry::BoxError),
}
