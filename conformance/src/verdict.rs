use std::error::Error;
use std::fmt;
use std::panic::Location;

use tenantry::audit::AuditError;
use tenantry::cache::{CacheError, NamespaceError};
use tenantry::domains::DomainServiceError;
use tenantry::jobs::{JobKindError, JobPayloadError, JobSchedulerError, JobWorkerError};
use tenantry::membership::MembershipServiceError;
use tenantry::ports::{
    AuditStoreError, DomainError, JobQueueError, JobSchedulesError, MembershipError,
    OperatorStoreError, RepositoryError, SchemaError, ScopeError, TablesError, UsageError,
};
use tenantry::tables::{BrowseError, DeclarationError, QueryRefused, ValueError};
use tenantry::{
    BoxError, ContextRefused, PageSizeError, ServiceError, SettingsError, SlugError,
    TenantNameError,
};

use crate::ProbeError;

/// How a behaviour ended. Failing is a value, so that a broken adapter can be shown to fail.
pub type Verdict = Result<(), Violation>;

/// What a behaviour saw that it shouldn't have.
#[derive(Debug)]
pub struct Violation(Box<Inner>);

#[derive(Debug)]
struct Inner {
    seen: String,
    unsupported: bool,
    at: &'static Location<'static>,
    source: Option<BoxError>,
}

impl Violation {
    /// Something was seen.
    #[track_caller]
    pub fn new(seen: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            seen: seen.into(),
            unsupported: false,
            at: Location::caller(),
            source: None,
        }))
    }

    /// Whether it is that the adapter or its harness said [`ScopeError::Unsupported`] or [`JobQueueError::Unsupported`].
    pub fn is_unsupported(&self) -> bool {
        self.0.unsupported
    }

    #[track_caller]
    fn unexpected(error: BoxError, unsupported: bool) -> Self {
        Self(Box::new(Inner {
            seen: "an unexpected error".into(),
            unsupported,
            at: Location::caller(),
            source: Some(error),
        }))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            seen,
            unsupported: _,
            at,
            source,
        } = &*self.0;
        f.write_str(seen)?;
        let mut cause = source.as_deref().map(|source| source as &dyn Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        write!(f, " (at {at})")
    }
}

impl Error for Violation {}

impl From<ProbeError> for Violation {
    #[track_caller]
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::Violation(violation) => violation,
            ProbeError::Scope(error) => error.into(),
            ProbeError::OnPurpose => Self::unexpected(error.into(), false),
        }
    }
}

impl From<ScopeError> for Violation {
    #[track_caller]
    fn from(error: ScopeError) -> Self {
        let unsupported = matches!(error, ScopeError::Unsupported { .. });
        Self::unexpected(error.into(), unsupported)
    }
}

impl From<JobQueueError> for Violation {
    #[track_caller]
    fn from(error: JobQueueError) -> Self {
        let unsupported = matches!(error, JobQueueError::Unsupported { .. });
        Self::unexpected(error.into(), unsupported)
    }
}

impl From<JobWorkerError> for Violation {
    #[track_caller]
    fn from(error: JobWorkerError) -> Self {
        match error {
            JobWorkerError::Queue(error) => error.into(),
            other => Self::unexpected(other.into(), false),
        }
    }
}

impl From<JobSchedulesError> for Violation {
    #[track_caller]
    fn from(error: JobSchedulesError) -> Self {
        match error {
            JobSchedulesError::Queue(error) => error.into(),
            other => Self::unexpected(other.into(), false),
        }
    }
}

macro_rules! unexpected {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Violation {
            #[track_caller]
            fn from(error: $error) -> Self {
                Self::unexpected(error.into(), false)
            }
        })*
    };
}

unexpected!(
    AuditError,
    AuditStoreError,
    BrowseError,
    CacheError,
    NamespaceError,
    ContextRefused,
    DeclarationError,
    JobKindError,
    JobPayloadError,
    JobSchedulerError,
    DomainError,
    DomainServiceError,
    MembershipError,
    OperatorStoreError,
    MembershipServiceError,
    PageSizeError,
    QueryRefused,
    RepositoryError,
    SchemaError,
    ServiceError,
    SettingsError,
    SlugError,
    TablesError,
    TenantNameError,
    UsageError,
    ValueError,
);

/// Ends a behaviour with a [`Violation`] unless the condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return ::core::result::Result::Err(
                $crate::Violation::new(::std::format!($($seen)+)).into(),
            );
        }
    };
}

/// Ends a behaviour with a [`Violation`] unless both sides are equal.
#[macro_export]
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($seen:tt)+) => {
        match (&$left, &$right) {
            (left, right) => {
                if left != right {
                    return ::core::result::Result::Err($crate::Violation::new(::std::format!(
                        "{}: {:?} instead of {:?}",
                        ::std::format_args!($($seen)+),
                        left,
                        right
                    ))
                    .into());
                }
            }
        }
    };
}

/// Ends a behaviour with a [`Violation`] unless the value has the shape.
#[macro_export]
macro_rules! ensure_matches {
    ($value:expr, $shape:pat $(if $guard:expr)?, $($seen:tt)+) => {
        match $value {
            $shape $(if $guard)? => {}
            other => {
                return ::core::result::Result::Err($crate::Violation::new(::std::format!(
                    "{}: {:?}",
                    ::std::format_args!($($seen)+),
                    other
                ))
                .into());
            }
        }
    };
}
