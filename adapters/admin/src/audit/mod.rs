//! Who did what, over HTTP: changes are recorded, and the log is shown.

mod reading;
mod recording;

use crate::access::Right;
use crate::routes::Routes;

pub(crate) use recording::{Act, Recorded};

/// Every route of the audit log.
pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .mount::<reading::__path_export, _, _>(Right::Read, reading::export)
        .mount::<reading::__path_verify, _, _>(Right::Read, reading::verify)
}
