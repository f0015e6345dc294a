//! Who is a member of a tenant, over HTTP.

mod changing;
mod invitations;
mod listing;
mod model;

use crate::access::Right;
use crate::routes::Routes;
use crate::terms::Terms;

/// Every route of members and invitations.
pub(crate) fn routes(routes: Routes) -> Routes {
    let manage = Terms::of(Right::Manage);
    let change = manage.based_on_etag();
    routes
        .mount::<listing::__path_list, _, _>(Right::Read, listing::list)
        .mount::<changing::__path_add, _, _>(manage, changing::add)
        .mount::<listing::__path_read, _, _>(Right::Read, listing::read)
        .mount::<changing::__path_change, _, _>(change, changing::change)
        .mount::<changing::__path_remove, _, _>(change, changing::remove)
        .mount::<invitations::__path_list, _, _>(Right::Read, invitations::list)
        .mount::<invitations::__path_invite, _, _>(manage, invitations::invite)
        .mount::<invitations::__path_withdraw, _, _>(manage, invitations::withdraw)
}
