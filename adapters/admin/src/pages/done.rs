//! What a change did, said on the page that follows it.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

macro_rules! done {
    ($($name:ident: $word:literal, $sentence:literal;)+) => {
        /// A change that was made. Its word travels in the address, so that the page after a redirect can say so.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Done {
            $($name,)+
        }

        impl Done {
            const ALL: &[Self] = &[$(Self::$name),+];

            fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What it says.
            pub(super) fn sentence(self) -> &'static str {
                match self {
                    $(Self::$name => $sentence,)+
                }
            }
        }
    };
}

done! {
    Created: "created", "The tenant is recorded.";
    Provisioning: "provisioning", "Provisioning has begun.";
    Renamed: "renamed", "The tenant has its new name.";
    SettingsReplaced: "settings-replaced", "The tenant has its new settings.";
    Suspended: "suspended", "The tenant is suspended: every door refuses it.";
    Activated: "activated", "The tenant is active again.";
    Deleted: "deleted", "The tenant is deleted. Its rows stay until it is purged.";
    Purged: "purged", "The tenant is purged: its rows are gone, and its slug is free.";
    RowAdded: "row-added", "The row is there.";
    RowChanged: "row-changed", "The row is changed.";
    RowDeleted: "row-deleted", "The row is gone.";
    MemberAdded: "member-added", "They are a member.";
    MemberChanged: "member-changed", "The member has another role.";
    MemberRemoved: "member-removed", "They are no member any more.";
    InvitationWithdrawn: "invitation-withdrawn", "Nobody can accept the invitation any more.";
    DomainClaimed: "domain-claimed", "The domain is claimed. Publish the record, and have it checked.";
    DomainVerified: "domain-verified", "The record is there: the domain is this tenant's.";
    DomainReleased: "domain-released", "The domain is given up.";
    CacheFlushed: "cache-flushed", "The tenant's cache is empty.";
    JobRetried: "job-retried", "The job is due now.";
    JobPutBack: "job-put-back", "The job waits again, with no attempts made.";
    JobCancelled: "job-cancelled", "The job is never handed out again.";
}

impl Done {
    /// The change of that word.
    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|done| done.word() == word)
    }

    /// Goes to the page that shows what was done.
    pub(super) fn see(self, path: &str) -> Response {
        let joint = if path.contains('?') { '&' } else { '?' };
        let target = format!("{path}{joint}done={}", self.word());
        (StatusCode::SEE_OTHER, [(LOCATION, target)]).into_response()
    }
}
