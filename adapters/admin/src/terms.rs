//! On what terms a route is served.

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::access::{Operator, Right};
use crate::part_refusal::PartRefusal;
use crate::refusal::Refusal;

/// What a route demands, and what its document says of that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) right: Right,
    /// It is about all tenants, or about what is no tenant's: an operator of some of them isn't let through.
    pub(crate) everywhere: bool,
    /// It changes what was read before: the handler asks for `If-Match`.
    pub(crate) based_on_etag: bool,
    /// It is long work, which goes on without whoever asked where `Prefer` says so.
    pub(crate) may_be_async: bool,
}

impl Terms {
    pub(crate) fn of(right: Right) -> Self {
        Self {
            right,
            everywhere: false,
            based_on_etag: false,
            may_be_async: false,
        }
    }

    pub(crate) fn everywhere(self) -> Self {
        Self {
            everywhere: true,
            ..self
        }
    }

    pub(crate) fn based_on_etag(self) -> Self {
        Self {
            based_on_etag: true,
            ..self
        }
    }

    pub(crate) fn may_be_async(self) -> Self {
        Self {
            may_be_async: true,
            ..self
        }
    }

    /// Why this operator isn't let through.
    pub(crate) fn refuse(self, operator: &Operator) -> Result<(), Refusal> {
        if !operator.may(self.right) {
            return Err(Refusal::RightMissing { right: self.right });
        }
        if self.everywhere && operator.tenants().is_some() {
            return Err(PartRefusal::NotEverywhere.into());
        }
        Ok(())
    }
}

impl From<Right> for Terms {
    fn from(right: Right) -> Self {
        Self::of(right)
    }
}

/// Lets operators through on these terms. Whoever isn't known has no right.
pub(crate) async fn demand(
    State(terms): State<Terms>,
    operator: Option<Extension<Operator>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let Some(Extension(operator)) = operator else {
        return Err(Refusal::Unauthenticated);
    };
    terms.refuse(&operator)?;
    Ok(next.run(request).await)
}
