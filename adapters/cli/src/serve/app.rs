use std::sync::Arc;

use axum::Router;
use tenantry_admin::{AdminApi, OperatorAuth};

use super::ServeError;
use super::database::Stores;
use super::health::Health;

/// Everything that is served.
pub(super) fn router(
    stores: &Stores,
    operators: Arc<dyn OperatorAuth>,
    health: Health,
) -> Result<Router, ServeError> {
    let admin = AdminApi::new(stores.service(), operators);
    Ok(admin.router()?.merge(health.router()))
}
