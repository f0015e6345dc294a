use axum::Extension;
use axum::extract::{OriginalUri, State};
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::ports::RepositoryError;
use tenantry::{
    Cursor, InconsistentTenant, Page, PageRequest, ServiceError, Tenant, TenantFilter, TenantStatus,
};
use utoipa::IntoParams;

use super::{Status, TenantPage, header};
use crate::access::Operator;
use crate::query::{Asked, invalid, page_size};
use crate::refusal::Refusal;
use crate::state::Admin;

/// The longest text that tenants are searched by, in characters: that of the longest name.
const LONGEST_SEARCH: usize = 200;

/// Which tenants, and how many of them at once.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listing {
    /// Only tenants of these statuses, parted by commas: all, unless it is given.
    #[param(value_type = Option<Vec<Status>>, style = Form, explode = false, min_items = 1)]
    status: Option<String>,
    /// Only tenants whose slug or name contains this text, in either case for ASCII letters.
    #[param(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    search: Option<String>,
    /// Where the page begins: what the page before gave as `next`.
    #[param(pattern = "^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// How many tenants at most: 50, unless it is given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
}

/// List tenants, in the order of their creation, a page at a time.
#[utoipa::path(
    get,
    path = "/api/tenants",
    operation_id = "list_tenants",
    params(Listing),
    responses((status = 200, description = "A page of tenants.", body = TenantPage,
        headers(("Link" = String, description = "Where the next page is, if there is one."))))
)]
pub(super) async fn list(
    State(admin): State<Admin>,
    Extension(operator): Extension<Operator>,
    OriginalUri(uri): OriginalUri,
    Asked(listing): Asked<Listing>,
) -> Result<Response, Refusal> {
    let (filter, request) = (listing.filter()?, listing.page()?);
    let page = admin.tenants(&operator, &filter, request).await?;
    let following = page.next.map(|next| {
        let target = format!("{}?{}", uri.path(), listing.following(next));
        header(LINK, &format!("<{target}>; rel=\"next\""))
    });
    let page = axum::Json(TenantPage::new(page.items, page.next));
    Ok(match following {
        Some(link) => (link, page).into_response(),
        None => page.into_response(),
    })
}

impl Admin {
    /// A page of the operator's tenants.
    ///
    /// One page of the repository for an operator of every tenant. Of some, each is looked up until the page is full: a
    /// round trip for each of them.
    pub(crate) async fn tenants(
        &self,
        operator: &Operator,
        filter: &TenantFilter,
        request: PageRequest,
    ) -> Result<Page<Tenant>, Refusal> {
        let Some(tenants) = operator.tenants() else {
            return Ok(self.service.list(filter, request).await?);
        };
        let after = request.after.map(|cursor| cursor.last_seen());
        let wanted = usize::from(request.size.number()) + 1;
        let mut found = Vec::new();
        // In the order of the ids, which is that of the listing.
        let later = tenants
            .iter()
            .filter(|id| after.is_none_or(|after| **id > after));
        for id in later {
            match self.service.find(*id).await {
                Ok(tenant) if filter.matches(&tenant) => found.push(tenant),
                // A right outlives its tenant.
                Ok(_) | Err(ServiceError::Repository(RepositoryError::NotFound { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            if found.len() == wanted {
                break;
            }
        }
        Ok(Page::from_lookahead(found, request.size))
    }
}

impl Listing {
    fn filter(&self) -> Result<TenantFilter, Refusal> {
        let statuses = self.status.iter().flat_map(|list| list.split(','));
        let statuses: Result<Vec<TenantStatus>, InconsistentTenant> =
            statuses.map(str::parse).collect();
        let statuses = statuses.map_err(invalid)?;
        if let Some(search) = &self.search {
            let length = search.chars().count();
            if length == 0 || length > LONGEST_SEARCH || search.chars().any(char::is_control) {
                return Err(invalid(format_args!(
                    "a search is of 1 to {LONGEST_SEARCH} characters, and none of them is a control character"
                )));
            }
        }
        let search = self.search.clone();
        Ok(TenantFilter { statuses, search })
    }

    fn page(&self) -> Result<PageRequest, Refusal> {
        let size = page_size(self.limit)?;
        let after = self.cursor.as_deref().map(str::parse).transpose()?;
        Ok(PageRequest { after, size })
    }

    /// The query of the page that begins at `next`.
    fn following(&self, next: Cursor) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("status", &self.status), ("search", &self.search)] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("cursor", &next.to_string());
        if let Some(limit) = self.limit {
            query.append_pair("limit", &limit.to_string());
        }
        query.finish()
    }
}
