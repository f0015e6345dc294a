//! Commands that take nothing but the tenant.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry::lifecycle::Command;

use super::{Found, TenantView, answer};
use crate::access::Operator;
use crate::body::Nothing;
use crate::precondition::IfMatch;
use crate::refusal::Refusal;
use crate::state::Admin;

macro_rules! command {
    ($(#[doc = $doc:tt])* $name:ident: $command:expr, $method:tt $path:tt as $id:tt, gives $given:tt) => {
        $(#[doc = $doc])*
        #[utoipa::path(
            $method,
            path = $path,
            operation_id = $id,
            responses((status = 200, description = $given, body = TenantView,
                headers(("ETag" = String, description = "What a further change is based on."))))
        )]
        pub(super) async fn $name(
            State(admin): State<Admin>,
            Extension(operator): Extension<Operator>,
            Found(tenant): Found,
            based_on: IfMatch,
            _: Nothing,
        ) -> Result<Response, Refusal> {
            let tenant = admin.apply(&operator, &tenant, &based_on, $command).await?;
            Ok(answer(StatusCode::OK, tenant))
        }
    };
}

command! {
    /// Delete a suspended or pending tenant: its rows wait to be purged.
    delete: Command::Delete,
    delete "/api/tenants/{tenant}" as "delete_tenant",
    gives "The tenant, which is deleted."
}

command! {
    /// Refuse an active tenant at every door.
    suspend: Command::Suspend,
    post "/api/tenants/{tenant}/suspend" as "suspend_tenant",
    gives "The tenant, which is suspended."
}

command! {
    /// Let a suspended tenant in again.
    activate: Command::Activate,
    post "/api/tenants/{tenant}/activate" as "activate_tenant",
    gives "The tenant, which is active."
}
