use askama::Template;
use tenantry::Tenant;
use tenantry::tables::TableDeclaration;

use crate::pages::failure::Failure;
use crate::pages::html::Page;
use crate::pages::shell::{Place, Section, Shell};
use crate::pages::tenants::Chosen;
use crate::pages::words::tone_of;

/// The tables that the host declared.
pub(in crate::pages) async fn list(chosen: Chosen) -> Result<Page<TablesPage>, Failure> {
    let tables = chosen.browser()?.tables().iter();
    let tables = tables.map(|table| Entry::of(table, &chosen)).collect();
    let Chosen { visit, tenant } = chosen;
    Ok(Page::ok(TablesPage {
        shell: visit.in_tenant(&tenant, Place::Tenant(Section::Tables)),
        tables,
        tenant,
    }))
}

#[derive(Template)]
#[template(path = "tables/list.html")]
pub(in crate::pages) struct TablesPage {
    shell: Shell,
    tenant: Tenant,
    tables: Vec<Entry>,
}

struct Entry {
    href: String,
    label: String,
    name: String,
    key: String,
    columns: usize,
    changes: String,
}

impl Entry {
    fn of(table: &TableDeclaration, chosen: &Chosen) -> Self {
        let key: Vec<_> = table.key().map(|column| column.name().as_str()).collect();
        let can = [
            (table.is_insertable(), "add"),
            (table.is_editable(), "edit"),
            (table.is_deletable(), "delete"),
        ];
        let can: Vec<_> = can
            .iter()
            .filter(|(can, _)| *can)
            .map(|(_, word)| *word)
            .collect();
        Self {
            href: chosen.table_at(table, ""),
            label: table.label().into(),
            name: table.name().to_string(),
            key: key.join(", "),
            columns: table.columns().len(),
            changes: if can.is_empty() {
                "none".into()
            } else {
                can.join(", ")
            },
        }
    }
}
