use std::ops::ControlFlow;
use std::sync::Arc;

use http::request::Parts;
use tenantry::resolution::Candidate;
use tenantry::{Actor, ContextRefused, Tenant};

use super::{Shared, facts, path};
use crate::limits::Permit;
use crate::{CurrentTenant, Rejection, TokenError, VerifiedToken, WiringMistake};

/// A request that comes through, and what it gets on its way.
pub(super) struct Admitted {
    pub(super) tenant: Option<CurrentTenant>,
    pub(super) token: Option<Arc<VerifiedToken>>,
    pub(super) rest: Option<String>,
    pub(super) permit: Option<Permit>,
}

/// A request whose tenant is named, and has to be known.
struct Named {
    candidate: Candidate,
    actor: Actor,
    token: Option<Arc<VerifiedToken>>,
    rest: Option<String>,
}

/// What has to be waited for.
enum Wanted {
    Keys,
    /// Its record, unless it is remembered, and then whether the actor may come in.
    Tenant(Box<Named>, Option<Arc<Tenant>>),
}

impl Shared {
    /// Decides by what is at hand, or gives back the parts of a request that has to wait.
    pub(super) fn decide_at_once(&self, parts: &Parts) -> Option<Result<Admitted, Rejection>> {
        match self.hear(parts) {
            Ok(ControlFlow::Break(admitted)) => Some(self.count(admitted)),
            Ok(ControlFlow::Continue(_)) => None,
            Err(rejection) => Some(Err(rejection)),
        }
    }

    /// Decides, and waits for whatever that takes.
    pub(super) async fn decide(&self, parts: &mut Parts) -> Result<Admitted, Rejection> {
        let mut step = self.hear(parts)?;
        if let ControlFlow::Continue(Wanted::Keys) = step {
            if let Some(tokens) = &self.tokens {
                tokens.refresh().await?;
            }
            step = self.hear(parts)?;
        }
        let admitted = match step {
            ControlFlow::Break(admitted) => admitted,
            ControlFlow::Continue(Wanted::Tenant(named, remembered)) => {
                let record = match remembered {
                    Some(record) => record,
                    None => self.directory.find(named.candidate.key()).await?,
                };
                self.let_in(&record, &named.actor, parts).await?;
                admit(*named, record)?
            }
            // The keys are new, and none is this token's.
            ControlFlow::Continue(Wanted::Keys) => return Err(TokenError::KeyUnknown.into()),
        };
        self.count(admitted)
    }

    /// Asks before anything is told of the tenant: that it is suspended is none of a stranger's business, either.
    async fn let_in(
        &self,
        record: &Tenant,
        actor: &Actor,
        parts: &mut Parts,
    ) -> Result<(), Rejection> {
        let Some(admission) = &self.admission else {
            return Ok(());
        };
        let extensions = &mut parts.extensions;
        match admission.admits(record, actor, extensions).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Rejection::Unknown),
            Err(source) => Err(Rejection::AdmissionUnavailable {
                source: Arc::from(source),
            }),
        }
    }

    /// Counts a request that nothing else keeps out.
    fn count(&self, mut admitted: Admitted) -> Result<Admitted, Rejection> {
        if let Some(tenant) = &admitted.tenant {
            admitted.permit = self.limits.admit(tenant.id())?;
        }
        Ok(admitted)
    }

    fn hear(&self, parts: &Parts) -> Result<ControlFlow<Admitted, Wanted>, Rejection> {
        let placed = parts.extensions.get::<CurrentTenant>().is_some()
            || parts.extensions.get::<crate::NamesNoTenant>().is_some();
        if placed {
            return Err(WiringMistake::LayerTwice.into());
        }
        if self.reads_path && path::was_matched(parts) {
            return Err(WiringMistake::BehindRouter.into());
        }
        let token = match self.token(parts) {
            Ok(token) => token.map(Arc::new),
            Err(TokenError::KeyUnknown) => return Ok(ControlFlow::Continue(Wanted::Keys)),
            Err(error) => return Err(error.into()),
        };
        let mut facts = self.facts(parts)?;
        facts.token = token.as_ref().and_then(|token| token.tenant.as_deref());
        if let Some(own) = &self.own {
            facts.own = own(parts)?;
        }
        let resolution = self.resolver.resolve(&facts)?;
        let rest = resolution.rest.map(str::to_owned);
        let Some(candidate) = resolution.candidate else {
            return self.unnamed(token).map(ControlFlow::Break);
        };
        let remembered = self.directory.find_remembered(candidate.key());
        let named = Named {
            candidate,
            actor: self.actor_of(parts, token.as_deref()),
            token,
            rest,
        };
        let remembered = remembered.transpose()?;
        match remembered {
            Some(record) if self.admission.is_none() => {
                admit(named, record).map(ControlFlow::Break)
            }
            remembered => Ok(ControlFlow::Continue(Wanted::Tenant(
                Box::new(named),
                remembered,
            ))),
        }
    }

    fn token(&self, parts: &Parts) -> Result<Option<VerifiedToken>, TokenError> {
        let Some(tokens) = &self.tokens else {
            return Ok(None);
        };
        facts::bearer(parts)?
            .map(|token| tokens.verify(token))
            .transpose()
    }

    fn unnamed(&self, token: Option<Arc<VerifiedToken>>) -> Result<Admitted, Rejection> {
        if !self.unnamed_pass {
            return Err(Rejection::Unnamed);
        }
        Ok(Admitted {
            tenant: None,
            token,
            rest: None,
            permit: None,
        })
    }

    fn actor_of(&self, parts: &Parts, token: Option<&VerifiedToken>) -> Actor {
        if let Some(actor) = &self.actor {
            return actor(parts, token);
        }
        let subject = token.and_then(|token| token.subject.as_deref());
        named_actor(subject.unwrap_or(ANONYMOUS))
    }
}

fn admit(named: Named, record: Arc<Tenant>) -> Result<Admitted, Rejection> {
    let Named {
        candidate,
        actor,
        token,
        rest,
    } = named;
    // A tenant that is gone looks like one that never was, whatever the other sources say of it.
    let confirmed = candidate.confirm(record.id(), record.slug());
    let tenant = CurrentTenant::new(record, actor).map_err(|refused| match refused {
        ContextRefused::Suspended { .. } => Rejection::Suspended,
        ContextRefused::Pending { .. } => Rejection::Pending,
        _ => Rejection::Unknown,
    });
    if !matches!(tenant, Err(Rejection::Unknown)) {
        confirmed?;
    }
    Ok(Admitted {
        tenant: Some(tenant?),
        token,
        rest,
        permit: None,
    })
}

pub(super) const ANONYMOUS: &str = "anonymous";

/// Somebody by that name. The system itself isn't somebody, and neither is a name that can't be one: a token says who
/// asks, not that nobody does.
fn named_actor(name: &str) -> Actor {
    match Actor::named(name) {
        Ok(actor) if actor != Actor::system() => actor,
        _ => Actor::named(ANONYMOUS).unwrap_or_else(|_| Actor::system()),
    }
}
