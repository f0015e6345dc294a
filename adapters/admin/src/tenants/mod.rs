//! Tenants over HTTP.

mod changing;
mod creating;
mod finding;
mod listing;
mod model;

use axum::Json;
use axum::http::header::ETAG;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry::Tenant;

use crate::access::Right;
use crate::precondition::etag_of;
use crate::routes::Routes;

pub(crate) use finding::Named;
pub(crate) use model::{ChangeBody, NewTenantBody, Status, TenantPage, TenantView};

/// Every route of tenants, with the right that it demands.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .mount::<listing::__path_list, _, _>(Right::Read, listing::list)
        .mount::<creating::__path_create, _, _>(Right::Manage, creating::create)
        .mount::<finding::__path_read, _, _>(Right::Read, finding::read)
        .mount::<changing::__path_change, _, _>(Right::Manage, changing::change)
        .mount::<changing::__path_delete, _, _>(Right::Manage, changing::delete)
        .mount::<changing::__path_suspend, _, _>(Right::Manage, changing::suspend)
        .mount::<changing::__path_activate, _, _>(Right::Manage, changing::activate)
        .mount::<changing::__path_provision, _, _>(Right::Manage, changing::provision)
        .mount::<changing::__path_purge, _, _>(Right::Purge, changing::purge)
}

/// A tenant, and the tag of its record.
fn answer(status: StatusCode, tenant: Tenant) -> Response {
    let tag = header(ETAG, &etag_of(&tenant));
    (status, tag, Json(TenantView::from(tenant))).into_response()
}

/// A header that this crate wrote, unless it can't be one.
fn header(name: HeaderName, value: &str) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::try_from(value);
    [(name, value.unwrap_or(HeaderValue::from_static("")))]
}
