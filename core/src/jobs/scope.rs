use core::fmt;

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// Where a job runs: inside one tenant, or in the shared scope on purpose.
///
/// There is no default, and nothing turns an absent tenant into [`JobScope::Shared`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobScope {
    /// Inside this tenant, whatever its slug is by then.
    Tenant(TenantId),
    /// In the shared scope, because whoever put it in said so.
    Shared,
}

impl fmt::Display for JobScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(id) => write!(f, "tenant {id}"),
            Self::Shared => f.write_str("the shared scope"),
        }
    }
}

/// Which jobs an operator looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobReach {
    /// Those of every tenant, and the shared ones.
    Everything,
    /// Those of one scope.
    Only(JobScope),
}

impl JobReach {
    /// Whether jobs of `scope` are among them.
    pub fn covers(&self, scope: JobScope) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(wanted) => *wanted == scope,
        }
    }
}
