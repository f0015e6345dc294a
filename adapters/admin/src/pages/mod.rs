//! The dashboard: pages that a browser shows without a script, and that a script makes a little more comfortable.
//!
//! Every page is rendered here, from what the host gave. What the operator may not do isn't offered, and is refused when it
//! is asked for all the same.

mod assets;
mod done;
mod failure;
mod form;
mod html;
mod preferences;
mod shell;
mod tenants;
mod visit;
mod words;
mod work;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use self::visit::Door;
use self::work::InHand;
use crate::state::Admin;

/// Where the pages are, below where the host put the router.
pub(crate) const ROOT: &str = "/dashboard";

/// The routes of all pages, for whoever is signed in, and those of their assets, for anybody.
pub(crate) fn routes(admin: &Admin) -> Router<Admin> {
    let door = Door {
        admin: admin.clone(),
        in_hand: InHand::default(),
    };
    let pages = Router::new()
        .route("/dashboard", get(tenants::home))
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
        .route("/dashboard/{*elsewhere}", get(failure::nothing_here))
        .layer(from_fn_with_state(door, visit::enter));
    Router::new()
        .merge(pages)
        .route("/dashboard/assets/{hash}/{name}", get(assets::serve))
}
