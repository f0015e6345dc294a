use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use tenantry_admin::{AdminApi, OperatorAuth, SignIn};

use super::health::Health;
use super::stores::Stores;
use super::{ServeError, metrics, optional};
use crate::config::Config;
use crate::error::CliError;

/// Everything that is served.
pub(super) fn router(
    config: &Config,
    stores: &Stores,
    tokens: Arc<dyn OperatorAuth>,
    sign_in: SignIn,
    health: Health,
) -> Result<Router, CliError> {
    let (sizes, samples) = stores.usage();
    let mut admin = AdminApi::new(stores.service(), tokens)
        .members(stores.members())
        .jobs(stores.jobs())
        .audit(stores.audit())
        .usage(sizes, samples)
        .sign_in(sign_in)
        .dashboard();
    if let Some(tables) = &config.tables {
        admin = admin.browser(stores.browser(tables.clone()));
    }
    if let Some(caches) = optional::caches(config)? {
        admin = admin.cache(caches);
    }
    if let Some(domains) = optional::domains(stores)? {
        admin = admin.domains(domains);
    }
    let home = Router::new().route("/", get(async || Redirect::to("/dashboard")));
    let admin = admin.router().map_err(ServeError::from)?;
    let app = admin.merge(home);
    #[cfg(feature = "otlp")]
    let app = if config.otlp.is_some() {
        super::traces::around(app)
    } else {
        app
    };
    let app = if config.metrics {
        metrics::around(app, stores)
    } else {
        app
    };
    Ok(app.merge(health.router()))
}
