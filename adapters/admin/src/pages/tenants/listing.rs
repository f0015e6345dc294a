use askama::Template;
use axum::extract::Query;
use serde::Deserialize;
use tenantry::{Cursor, PageRequest, PageSize, Tenant, TenantFilter, TenantStatus};

use crate::access::Right;
use crate::pages::failure::Failure;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Shell};
use crate::pages::visit::Visit;
use crate::pages::words::{day, tone_of};

const ROWS: u16 = 25;

/// Which tenants. What can't be read as a choice is no choice: somebody typed into the address.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::pages) struct Choice {
    search: String,
    status: String,
    cursor: String,
}

/// The list of tenants, in the order of their creation.
pub(in crate::pages) async fn list(
    visit: Visit,
    choice: Query<Choice>,
) -> Result<Page<ListPage>, Failure> {
    visit.demand(Right::Read)?;
    let Query(choice) = choice;
    let (filter, after) = (choice.filter(), choice.cursor.parse::<Cursor>().ok());
    let size = PageSize::new(ROWS).unwrap_or_default();
    let request = PageRequest { after, size };
    let page = visit.admin.tenants(&visit.operator, &filter, request);
    let page = page.await?;
    let shell = visit.at(Place::Tenants);
    Ok(Page::ok(ListPage {
        may_create: visit.may_create(),
        statuses: TenantStatus::ALL,
        chosen: filter.statuses.first().map_or("", |status| status.as_str()),
        filtered: filter != TenantFilter::default(),
        before: after.map(|_| shell.at(&choice.path(None))),
        next: page.next.map(|next| shell.at(&choice.path(Some(next)))),
        rows: page.items,
        search: choice.search,
        shell,
    }))
}

impl Choice {
    fn filter(&self) -> TenantFilter {
        let search = self.search.trim();
        TenantFilter {
            statuses: self.status.parse().into_iter().collect(),
            search: (!search.is_empty()).then(|| search.into()),
        }
    }

    /// The same choice, from another tenant on.
    fn path(&self, cursor: Option<Cursor>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("search", &self.search), ("status", &self.status)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", &cursor.to_string());
        }
        format!("/tenants?{}", query.finish())
    }
}

#[derive(Template)]
#[template(path = "tenants/list.html")]
pub(in crate::pages) struct ListPage {
    shell: Shell,
    may_create: bool,
    statuses: [TenantStatus; 4],
    chosen: &'static str,
    search: String,
    filtered: bool,
    rows: Vec<Tenant>,
    before: Option<String>,
    next: Option<String>,
}
