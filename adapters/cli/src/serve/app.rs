use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use tenantry_admin::{AdminApi, OperatorAuth, SignIn};

use super::ServeError;
use super::health::Health;
use super::stores::Stores;

/// Everything that is served.
pub(super) fn router(
    stores: &Stores,
    tokens: Arc<dyn OperatorAuth>,
    sign_in: SignIn,
    health: Health,
) -> Result<Router, ServeError> {
    let admin = AdminApi::new(stores.service(), tokens)
        .members(stores.members())
        .jobs(stores.jobs())
        .audit(stores.audit())
        .sign_in(sign_in)
        .dashboard();
    let home = Router::new().route("/", get(async || Redirect::to("/dashboard")));
    Ok(admin.router()?.merge(home).merge(health.router()))
}
