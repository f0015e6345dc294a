use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Query, State};
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenantry::{
    Cursor, InconsistentTenant, PageRequest, PageSize, TenantFilter, TenantService, TenantStatus,
};
use utoipa::IntoParams;

use super::{Status, TenantPage, header};
use crate::refusal::Refusal;

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
    State(service): State<TenantService>,
    OriginalUri(uri): OriginalUri,
    listing: Result<Query<Listing>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(listing) = listing.map_err(|error| Refusal::QueryInvalid {
        reason: error.body_text(),
    })?;
    let page = service.list(&listing.filter()?, listing.page()?).await?;
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

impl Listing {
    fn filter(&self) -> Result<TenantFilter, Refusal> {
        let statuses = self.status.iter().flat_map(|list| list.split(','));
        let statuses: Result<Vec<TenantStatus>, InconsistentTenant> =
            statuses.map(str::parse).collect();
        let statuses = statuses.map_err(|error| Refusal::QueryInvalid {
            reason: error.to_string(),
        })?;
        if let Some(search) = &self.search {
            let length = search.chars().count();
            if length == 0 || length > LONGEST_SEARCH || search.chars().any(char::is_control) {
                return Err(Refusal::QueryInvalid {
                    reason: format!(
                        "a search is of 1 to {LONGEST_SEARCH} characters, and none of them is a control character"
                    ),
                });
            }
        }
        let search = self.search.clone();
        Ok(TenantFilter { statuses, search })
    }

    fn page(&self) -> Result<PageRequest, Refusal> {
        let size = self.limit.map(PageSize::new).transpose()?;
        let after = self.cursor.as_deref().map(str::parse).transpose()?;
        Ok(PageRequest {
            after,
            size: size.unwrap_or_default(),
        })
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
