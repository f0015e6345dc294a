//! How much tenants have, over HTTP.

mod model;
mod reading;

use crate::access::Right;
use crate::routes::Routes;
use crate::terms::Terms;

/// Every route of usage.
pub(crate) fn routes(routes: Routes) -> Routes {
    let everywhere = Terms::of(Right::Read).everywhere();
    routes
        .mount::<reading::__path_read, _, _>(Right::Read, reading::read)
        .mount::<reading::__path_samples, _, _>(Right::Read, reading::samples)
        .mount::<reading::__path_top, _, _>(everywhere, reading::top)
}
