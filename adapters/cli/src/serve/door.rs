//! How people get in with a browser.

use std::net::SocketAddr;
use std::time::Duration;

use tenantry::operators::{IssuedLink, OperatorAccount, OperatorError, OperatorService};
use tenantry::{Actor, ActorError};
use tenantry_admin::{PublicUrl, PublicUrlError, Right, SignIn};
#[cfg(feature = "oidc")]
use tracing::info;
use tracing::warn;

#[cfg(feature = "oidc")]
use super::ServeError;
use crate::config::Config;
use crate::error::chain;

/// Between two times that old links and sessions are forgotten.
const SWEEP: Duration = Duration::from_hours(1);

/// Where people reach a server that listens there.
pub(crate) fn url_of(config: &Config, address: SocketAddr) -> Result<PublicUrl, PublicUrlError> {
    match &config.public_url {
        Some(url) => Ok(url.clone()),
        None => PublicUrl::new(&format!("http://{address}")),
    }
}

/// The sign-in of a server, also by the name of this machine, where it is for this machine alone.
pub(super) fn sign_in(
    config: &Config,
    operators: OperatorService,
    address: SocketAddr,
) -> Result<SignIn, PublicUrlError> {
    let sign_in = SignIn::new(operators, url_of(config, address)?);
    if config.public_url.is_some() {
        return Ok(sign_in);
    }
    let by_name = format!("http://localhost:{}", address.port());
    sign_in.also_at(PublicUrl::new(&by_name)?)
}

/// Also by the identity provider that is named. It needn't answer now.
#[cfg(feature = "oidc")]
pub(super) fn with_provider(config: &Config, sign_in: SignIn) -> Result<SignIn, ServeError> {
    let Some(oidc) = &config.oidc else {
        return Ok(sign_in);
    };
    let issuer = &oidc.issuer;
    if oidc.has_rules() {
        info!(%issuer, "an identity provider vouches for operators");
    } else {
        warn!(%issuer, "no rules are named: nobody whom the identity provider vouches for is an operator");
    }
    Ok(sign_in.oidc(oidc.provider()?))
}

/// A link for whoever started the server, as an operator with every right, who is made if there is none.
pub(super) async fn link_for_starter(operators: &OperatorService) -> Result<IssuedLink, LinkError> {
    let actor = Actor::named("operator:local")?;
    if operators.find(&actor).await?.is_none() {
        let account = OperatorAccount::new(actor.clone(), Right::ALL.map(Into::into));
        operators.put(&account).await?;
    }
    Ok(operators.link(&actor).await?)
}

/// Forgets links and sessions that are over, for as long as the server runs.
pub(super) fn keep_tidy(operators: OperatorService) {
    tokio::spawn(async move {
        loop {
            if let Err(error) = operators.sweep().await {
                warn!(
                    error = chain(&error).join(": "),
                    "old sessions can't be forgotten"
                );
            }
            tokio::time::sleep(SWEEP).await;
        }
    });
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error(transparent)]
    Operators(#[from] OperatorError),
    #[error(transparent)]
    Actor(#[from] ActorError),
    #[error(transparent)]
    Url(#[from] PublicUrlError),
}
