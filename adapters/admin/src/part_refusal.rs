//! Requests that a part which a host needn't give doesn't do as they were asked.

use axum::http::StatusCode;
use tenantry::BoxError;
use tenantry::Retry;
use tenantry::audit::AuditError;
use tenantry::cache::CacheError;
use tenantry::domains::{DomainRefused, DomainServiceError};
use tenantry::jobs::UnknownWord;
use tenantry::membership::{
    InviteeError, MembershipRefused, MembershipServiceError, SubjectError, UnknownRole,
};
use tenantry::ports::{AuditStoreError, DomainError, JobQueueError, MembershipError, UsageError};
use tenantry::resolution::DomainNameError;

/// Why, with a status and a stable code. As everywhere, what a store's library said is logged, never told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartRefusal {
    #[error("this is for operators of every tenant, and this one is of some")]
    NotEverywhere,
    #[error("nobody of this name is a member of the tenant")]
    MemberUnknown,
    #[error("there is no such invitation")]
    InvitationUnknown,
    #[error("the tenant has no claim on this domain")]
    DomainUnknown,
    #[error("there is no such job: it was never put in, or was pruned")]
    JobUnknown,
    #[error("there is no such operation: it never began, or was forgotten since")]
    OperationUnknown,
    #[error("too many operations run already: try again when one has ended")]
    OperationsFull,
    #[error(
        "too many streams of events are open: ask for the operation itself, or try again later"
    )]
    StreamsFull,
    #[error("what became of operations can't be told right now")]
    OperationsUnavailable { source: BoxError },
    #[error("Last-Event-ID isn't the id of an event")]
    EventIdMalformed,
    #[error("it has changed since it was read: read it again and repeat the change")]
    Stale,
    #[error(transparent)]
    Subject(#[from] SubjectError),
    #[error(transparent)]
    Role(#[from] UnknownRole),
    #[error(transparent)]
    Invitee(#[from] InviteeError),
    #[error("an invitation is valid for {least} to {most} seconds")]
    Validity { least: u64, most: u64 },
    #[error(transparent)]
    DomainName(#[from] DomainNameError),
    #[error(transparent)]
    JobState(#[from] UnknownWord),
    #[error(transparent)]
    Members(#[from] MembershipServiceError),
    #[error(transparent)]
    Domains(#[from] DomainServiceError),
    #[error(transparent)]
    Jobs(#[from] JobQueueError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error("this can't be recorded in the audit log, so it isn't done")]
    Unrecorded { source: AuditError },
    #[error("this can't be written as an entry of the audit log, so it isn't done")]
    Unrecordable { source: BoxError },
}

impl PartRefusal {
    pub(crate) fn class(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotEverywhere => (S::FORBIDDEN, "all_tenants_needed"),
            Self::MemberUnknown => (S::NOT_FOUND, "member_not_found"),
            Self::InvitationUnknown => (S::NOT_FOUND, "invitation_not_found"),
            Self::DomainUnknown => (S::NOT_FOUND, "domain_not_claimed"),
            Self::JobUnknown => (S::NOT_FOUND, "job_not_found"),
            Self::OperationUnknown => (S::NOT_FOUND, "operation_not_found"),
            Self::OperationsFull => (S::SERVICE_UNAVAILABLE, "operations_full"),
            Self::StreamsFull => (S::SERVICE_UNAVAILABLE, "streams_full"),
            Self::OperationsUnavailable { .. } => {
                (S::SERVICE_UNAVAILABLE, "operations_unavailable")
            }
            Self::EventIdMalformed => (S::BAD_REQUEST, "event_id_malformed"),
            Self::Stale => (S::PRECONDITION_FAILED, "stale"),
            Self::Subject(_) => (S::UNPROCESSABLE_ENTITY, "subject_invalid"),
            Self::Role(_) => (S::UNPROCESSABLE_ENTITY, "role_invalid"),
            Self::Invitee(_) => (S::UNPROCESSABLE_ENTITY, "invitee_invalid"),
            Self::Validity { .. } => (S::UNPROCESSABLE_ENTITY, "validity_invalid"),
            Self::DomainName(_) => (S::UNPROCESSABLE_ENTITY, "domain_invalid"),
            Self::JobState(_) => (S::BAD_REQUEST, "query_invalid"),
            Self::Members(error) => of_members(error),
            Self::Domains(error) => of_domains(error),
            Self::Jobs(error) => of_jobs(error),
            Self::Cache(error) => of_cache(error),
            Self::Audit(error) => of_audit(error),
            Self::Usage(error) => of_usage(error),
            Self::Unrecorded { .. } => (S::SERVICE_UNAVAILABLE, "audit_unavailable"),
            Self::Unrecordable { .. } => (S::INTERNAL_SERVER_ERROR, "audit_failed"),
        }
    }

    /// Whether the same may succeed after a while.
    pub(crate) fn retry_later(&self) -> bool {
        let retry = match self {
            Self::OperationsFull
            | Self::StreamsFull
            | Self::OperationsUnavailable { .. }
            | Self::Unrecorded { .. } => Retry::Later,
            Self::Members(error) => error.retry(),
            Self::Domains(error) => error.retry(),
            Self::Jobs(error) => error.retry(),
            Self::Cache(error) => error.retry(),
            Self::Audit(error) => error.retry(),
            Self::Usage(error) => error.retry(),
            _ => Retry::Never,
        };
        retry == Retry::Later
    }
}

fn of_members(error: &MembershipServiceError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        MembershipServiceError::Refused(refused) => match refused {
            MembershipRefused::NoMember { .. } => (S::NOT_FOUND, "member_not_found"),
            MembershipRefused::AlreadyMember { .. } => (S::CONFLICT, "member_exists"),
            MembershipRefused::LastOwner { .. } => (S::CONFLICT, "last_owner"),
            MembershipRefused::RoleChanged { .. } => (S::PRECONDITION_FAILED, "stale"),
            _ => (S::CONFLICT, "membership_forbids"),
        },
        MembershipServiceError::Store(error) => match error {
            MembershipError::Stale { .. } => (S::CONFLICT, "members_stale"),
            MembershipError::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "members_unavailable"),
            MembershipError::NotSetUp { .. } => (S::INTERNAL_SERVER_ERROR, "members_not_set_up"),
            _ => (S::INTERNAL_SERVER_ERROR, "members_failed"),
        },
        MembershipServiceError::NoSecret { .. } => (S::SERVICE_UNAVAILABLE, "no_random_bytes"),
        _ => (S::INTERNAL_SERVER_ERROR, "members_failed"),
    }
}

fn of_domains(error: &DomainServiceError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        DomainServiceError::Refused(refused) => match refused {
            DomainRefused::SingleLabel { .. } | DomainRefused::TooLong { .. } => {
                (S::UNPROCESSABLE_ENTITY, "domain_invalid")
            }
            DomainRefused::NotClaimed { .. } => (S::NOT_FOUND, "domain_not_claimed"),
            DomainRefused::NotProven { .. } => (S::CONFLICT, "domain_not_proven"),
            DomainRefused::Taken { .. } => (S::CONFLICT, "domain_taken"),
            DomainRefused::Unreachable { .. } => (S::SERVICE_UNAVAILABLE, "domain_unreachable"),
            _ => (S::CONFLICT, "domain_refused"),
        },
        DomainServiceError::Store(error) => match error {
            DomainError::Taken { .. } => (S::CONFLICT, "domain_taken"),
            DomainError::Stale { .. } => (S::CONFLICT, "domain_stale"),
            DomainError::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "domains_unavailable"),
            DomainError::NotSetUp { .. } => (S::INTERNAL_SERVER_ERROR, "domains_not_set_up"),
            _ => (S::INTERNAL_SERVER_ERROR, "domains_failed"),
        },
        DomainServiceError::NoSecret { .. } => (S::SERVICE_UNAVAILABLE, "no_random_bytes"),
        _ => (S::INTERNAL_SERVER_ERROR, "domains_failed"),
    }
}

fn of_jobs(error: &JobQueueError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        JobQueueError::NotFound { .. } => (S::NOT_FOUND, "job_not_found"),
        JobQueueError::WrongState { .. } => (S::CONFLICT, "job_state_forbids"),
        JobQueueError::UniqueKeyTaken { .. } => (S::CONFLICT, "job_unique_key_taken"),
        JobQueueError::Unreadable { .. } => (S::INTERNAL_SERVER_ERROR, "job_unreadable"),
        JobQueueError::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "jobs_unavailable"),
        JobQueueError::StorageFull { .. } => (S::SERVICE_UNAVAILABLE, "storage_full"),
        JobQueueError::Unsupported { .. } => (S::NOT_IMPLEMENTED, "jobs_unsupported"),
        JobQueueError::NotSetUp { .. } => (S::INTERNAL_SERVER_ERROR, "jobs_not_set_up"),
        _ => (S::INTERNAL_SERVER_ERROR, "jobs_failed"),
    }
}

fn of_cache(error: &CacheError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        CacheError::TimedOut { .. } | CacheError::Unavailable { .. } | CacheError::Full { .. } => {
            (S::SERVICE_UNAVAILABLE, "cache_unavailable")
        }
        CacheError::Forbidden { .. } => (S::INTERNAL_SERVER_ERROR, "cache_forbidden"),
        CacheError::Untrusted { .. } => (S::INTERNAL_SERVER_ERROR, "cache_untrusted"),
        _ => (S::INTERNAL_SERVER_ERROR, "cache_failed"),
    }
}

fn of_audit(error: &AuditError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        AuditError::Broken(_) => (S::CONFLICT, "audit_broken"),
        AuditError::Store(error) => match error {
            AuditStoreError::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "audit_unavailable"),
            AuditStoreError::NotSetUp { .. } => (S::INTERNAL_SERVER_ERROR, "audit_not_set_up"),
            AuditStoreError::Unreadable { .. } => (S::INTERNAL_SERVER_ERROR, "audit_unreadable"),
            _ => (S::INTERNAL_SERVER_ERROR, "audit_failed"),
        },
        _ => (S::INTERNAL_SERVER_ERROR, "audit_failed"),
    }
}

fn of_usage(error: &UsageError) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match error {
        UsageError::Unavailable { .. } => (S::SERVICE_UNAVAILABLE, "usage_unavailable"),
        UsageError::NotSetUp { .. } => (S::INTERNAL_SERVER_ERROR, "usage_not_set_up"),
        _ => (S::INTERNAL_SERVER_ERROR, "usage_failed"),
    }
}
