//! Tenants over HTTP.

mod changing;
mod commands;
mod creating;
mod finding;
mod fleet;
mod listing;
mod model;
mod provisioning;

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry::Tenant;

use crate::access::Right;
use crate::precondition::etag_of;
use crate::routes::Routes;
use crate::terms::Terms;

pub(crate) use finding::{Found, Named};
pub(crate) use model::{ChangeBody, NewTenantBody, Status, TenantPage, TenantView};

/// Every route of tenants, with the terms that it is served on.
pub(crate) fn routes(routes: Routes) -> Routes {
    let manage = Terms::of(Right::Manage);
    let change = manage.based_on_etag();
    let purge = Terms::of(Right::Purge).based_on_etag();
    routes
        .mount::<listing::__path_list, _, _>(Right::Read, listing::list)
        .mount::<creating::__path_create, _, _>(
            manage.everywhere().may_be_async(),
            creating::create,
        )
        .mount::<fleet::__path_migrate, _, _>(manage.everywhere().may_be_async(), fleet::migrate)
        .mount::<finding::__path_read, _, _>(Right::Read, finding::read)
        .mount::<changing::__path_change, _, _>(change, changing::change)
        .mount::<commands::__path_delete, _, _>(change, commands::delete)
        .mount::<commands::__path_suspend, _, _>(change, commands::suspend)
        .mount::<commands::__path_activate, _, _>(change, commands::activate)
        .mount::<provisioning::__path_provision, _, _>(
            change.may_be_async(),
            provisioning::provision,
        )
        .mount::<provisioning::__path_purge, _, _>(purge.may_be_async(), provisioning::purge)
}

/// A tenant, and the tag of its record.
fn answer(status: StatusCode, tenant: Tenant) -> Response {
    let tag = header(ETAG, &etag_of(&tenant));
    (status, tag, Json(TenantView::from(tenant))).into_response()
}

/// A header that this crate wrote, unless it can't be one.
pub(crate) fn header(name: HeaderName, value: &str) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::try_from(value);
    [(name, value.unwrap_or(HeaderValue::from_static("")))]
}
