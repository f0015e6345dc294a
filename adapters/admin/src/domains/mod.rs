//! Tenants' own domains, over HTTP.

mod changing;
mod listing;
mod model;

use crate::access::Right;
use crate::routes::Routes;
use crate::terms::Terms;

/// Every route of domains.
pub(crate) fn routes(routes: Routes) -> Routes {
    let manage = Terms::of(Right::Manage);
    routes
        .mount::<listing::__path_list, _, _>(Right::Read, listing::list)
        .mount::<changing::__path_claim, _, _>(manage, changing::claim)
        .mount::<listing::__path_read, _, _>(Right::Read, listing::read)
        .mount::<changing::__path_check, _, _>(manage, changing::check)
        .mount::<changing::__path_release, _, _>(manage.based_on_etag(), changing::release)
}
