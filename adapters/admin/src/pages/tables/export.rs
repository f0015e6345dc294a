use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_lite::stream;
use serde_json::json;
use tenantry::tables::CsvExport;
use tenantry::{BoxError, PageSize, TenantContext, TenantId};

use super::wanted::Wanted;
use crate::access::{Right, Standing};
use crate::audit::Act;
use crate::pages::failure::Failure;
use crate::pages::tenants::Chosen;
use crate::refusal::Refusal;
use crate::state::Admin;
use crate::tenants::Named;

/// All rows of a query, as CSV. Who took them is in the audit log.
pub(in crate::pages) async fn export(
    Path((_, table)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    chosen: Chosen,
    standing: Standing,
) -> Result<Response, Failure> {
    let browser = chosen.browser()?;
    let table = Arc::clone(browser.table(&table)?);
    let wanted = Wanted::of(query.as_deref()).first_page();
    let rows = wanted.query(&table).in_pages_of(PageSize::LARGEST);
    let operator = &chosen.visit.operator;
    let mut export = browser.export(&chosen.tenant, operator.actor(), rows)?;

    let act = Act::in_tenant(chosen.tenant.id(), "table.export", table.name())
        // Without the values that it was filtered by: the log outlives the rows.
        .with(json!({ "filtered_by": wanted.filtered_columns() }));
    let recorded = async { Ok::<_, Refusal>(()) };
    chosen.visit.admin.audited(operator, act, recorded).await?;

    // The first piece is read before the answer begins: what is refused is a page, and no broken file.
    let first = export.piece().await?;
    let further = Further {
        export,
        standing,
        admin: chosen.visit.admin.clone(),
        tenant: chosen.tenant.id(),
    };
    let pieces = stream::unfold((Some(further), first), |(further, piece)| async move {
        let (mut further, piece) = (further?, piece?);
        let next = further.piece().await;
        Some(match next {
            Ok(next) => (Ok(Bytes::from(piece)), (Some(further), next)),
            Err(error) => {
                let cause: &dyn std::error::Error = &*error;
                tracing::error!(error = cause, "an export of rows was cut off");
                (Err(error), (None, None))
            }
        })
    });
    let name = format!("{}-{}.csv", chosen.tenant.slug(), table.name());
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".into()),
        (CACHE_CONTROL, "no-store".into()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// The rest of an export, which lasts as long as whoever reads it likes.
struct Further {
    export: CsvExport,
    standing: Standing,
    admin: Admin,
    tenant: TenantId,
}

impl Further {
    /// The next piece, if its rows may still be shown, and to them.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, BoxError> {
        let rights = [Right::Read, Right::Browse];
        let operator = self.standing.with(&rights).await?;
        let tenant = self.admin.tenant(&operator, Named::Id(self.tenant)).await?;
        TenantContext::for_maintenance(&tenant, operator.actor().clone())?;
        Ok(self.export.piece().await?)
    }
}
