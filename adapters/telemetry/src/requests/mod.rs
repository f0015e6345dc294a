//! A layer around the one that knows tenants: it sees what that refuses, and hears whose the others are.
//!
//! ```text
//!  request ─▶ ObservedService ─▶ TenantLayer's service ─▶ TenantSeen ─▶ the host's service
//!              starts the clock   refuses, or names          says whose
//!              counts the answer  the tenant                 it is
//! ```

mod future;
mod layer;
mod service;
mod watch;

pub use future::ResponseFuture;
pub use layer::ObservedLayer;
pub use service::{ObservedService, TenantSeen};
