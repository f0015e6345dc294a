//! What can be said of the audit log.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use tenantry::audit::{AuditAnchor, AuditChain};
use tenantry::{BoxError, Digest};

use super::OwnerArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Shows the entries of a log, the first ones first.
    List {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        after: AfterArgs,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    /// Prints a log as lines of JSON, whatever else is asked for; its anchor goes to standard error.
    Export {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        after: AfterArgs,
    },
    /// Reads a whole log, and says whether it is what was written: else where it is broken first, and exits with 1.
    Verify {
        #[command(flatten)]
        owner: OwnerArgs,
        /// An entry that has to be there, as an earlier run printed it; may be given several times.
        #[arg(long = "anchor", value_name = "NUMBER:HASH")]
        anchors: Vec<Anchor>,
        /// Read this export instead of the database; - is standard input.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Where to go on.
#[derive(Debug, Args)]
pub(crate) struct AfterArgs {
    /// Begin after the entry with this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) after: u64,
}

/// That a log had an entry with this number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    number: u64,
    hash: Digest,
}

impl Anchor {
    /// The same of that log.
    pub(crate) fn of(self, chain: AuditChain) -> AuditAnchor {
        let Self { number, hash } = self;
        AuditAnchor {
            chain,
            number,
            hash,
        }
    }
}

impl FromStr for Anchor {
    type Err = BoxError;

    fn from_str(text: &str) -> Result<Self, BoxError> {
        let (number, hash) = text
            .split_once(':')
            .ok_or("write NUMBER:HASH, as audit verify prints it")?;
        Ok(Self {
            number: number.parse()?,
            hash: hash.parse()?,
        })
    }
}
