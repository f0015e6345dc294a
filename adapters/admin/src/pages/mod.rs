//! The dashboard: pages that a browser shows without a script, and that a script makes a little more comfortable.
//!
//! Every page is rendered here, from what the host gave. What the operator may not do isn't offered, and is refused when it
//! is asked for all the same.

mod assets;
mod audit;
mod cache;
mod domains;
mod done;
mod failure;
mod form;
mod html;
mod jobs;
mod members;
mod preferences;
mod shell;
mod tables;
mod tenants;
mod usage;
mod visit;
mod words;
mod work;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::state::Admin;

/// Where the pages are, below where the host put the router.
pub(crate) const ROOT: &str = "/dashboard";

/// The routes of all pages, for whoever is signed in, and those of their assets, for anybody.
pub(crate) fn routes(admin: &Admin) -> Router<Admin> {
    let pages = Router::new()
        .route("/dashboard", get(usage::overview))
        .route("/dashboard/theme", post(preferences::choose))
        .route("/dashboard/switch", get(tenants::switch))
        .route("/dashboard/switch/slugs", get(tenants::slugs))
        .route(
            "/dashboard/tenants",
            get(tenants::list).post(tenants::create),
        )
        .route("/dashboard/tenants/new", get(tenants::blank))
        .route("/dashboard/tenants/{tenant}", get(tenants::show))
        .route("/dashboard/tenants/{tenant}/name", post(tenants::rename))
        .route(
            "/dashboard/tenants/{tenant}/settings",
            post(tenants::settings),
        )
        .route("/dashboard/tenants/{tenant}/{action}", post(tenants::act))
        .route("/dashboard/tenants/{tenant}/usage", get(usage::of_tenant))
        .route("/dashboard/tenants/{tenant}/members", get(members::list))
        .route(
            "/dashboard/tenants/{tenant}/members/add",
            post(members::add),
        )
        .route(
            "/dashboard/tenants/{tenant}/members/change",
            post(members::change),
        )
        .route(
            "/dashboard/tenants/{tenant}/members/invite",
            post(members::invite),
        )
        .route(
            "/dashboard/tenants/{tenant}/members/withdraw",
            post(members::withdraw),
        )
        .route("/dashboard/tenants/{tenant}/domains", get(domains::list))
        .route(
            "/dashboard/tenants/{tenant}/domains/claim",
            post(domains::claim),
        )
        .route(
            "/dashboard/tenants/{tenant}/domains/change",
            post(domains::change),
        )
        .route("/dashboard/tenants/{tenant}/jobs", get(jobs::list))
        .route("/dashboard/jobs", get(jobs::list_all))
        .route("/dashboard/jobs/change", post(jobs::change))
        .route("/dashboard/tenants/{tenant}/cache", get(cache::show))
        .route(
            "/dashboard/tenants/{tenant}/cache/flush",
            post(cache::flush),
        )
        .route("/dashboard/tenants/{tenant}/audit", get(audit::of_tenant))
        .route("/dashboard/audit", get(audit::shared))
        .route("/dashboard/tenants/{tenant}/tables", get(tables::list))
        .route(
            "/dashboard/tenants/{tenant}/tables/{table}",
            get(tables::browse),
        )
        .route(
            "/dashboard/tenants/{tenant}/tables/{table}/rows.csv",
            get(tables::export),
        )
        .route(
            "/dashboard/tenants/{tenant}/tables/{table}/new",
            get(tables::blank).post(tables::insert),
        )
        .route(
            "/dashboard/tenants/{tenant}/tables/{table}/row/{key}",
            get(tables::show).post(tables::update),
        )
        .route(
            "/dashboard/tenants/{tenant}/tables/{table}/row/{key}/delete",
            post(tables::delete),
        )
        .route("/dashboard/{*elsewhere}", get(failure::nothing_here))
        .layer(from_fn_with_state(admin.clone(), visit::enter));
    Router::new()
        .merge(pages)
        .route("/dashboard/assets/{hash}/{name}", get(assets::serve))
}
