//! Sign-ins in the audit log.

use serde_json::json;
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditTarget};
use tenantry::{Actor, BoxError};

use super::SignIn;

/// What is recorded of an operator.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    ByLink,
    #[cfg(feature = "oidc")]
    ByProvider,
    Out,
    OutEverywhere,
}

impl Act {
    fn action(self) -> &'static str {
        match self {
            Self::ByLink => "operator.signed_in",
            #[cfg(feature = "oidc")]
            Self::ByProvider => "operator.signed_in",
            Self::Out | Self::OutEverywhere => "operator.signed_out",
        }
    }

    fn how(self) -> &'static str {
        match self {
            Self::ByLink => "link",
            #[cfg(feature = "oidc")]
            Self::ByProvider => "identity provider",
            Self::Out => "one session",
            Self::OutEverywhere => "every session",
        }
    }
}

impl SignIn {
    /// Records it in the shared log, if the host has one.
    pub(super) async fn record(&self, actor: &Actor, act: Act) -> Result<(), BoxError> {
        tracing::info!(operator = %actor, ?act, "an operator signed in or out");
        let Some(log) = &self.audit else {
            return Ok(());
        };
        let action = AuditAction::new(act.action())?;
        let target = AuditTarget::new(actor.as_str())?;
        let detail = AuditDetail::of(&json!({ "how": act.how() }))?;
        let recorded = log.record(AuditChain::Shared, actor.clone(), action, target, detail);
        recorded.await?;
        Ok(())
    }
}
