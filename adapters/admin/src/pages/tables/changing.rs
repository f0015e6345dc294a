use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use tenantry::tables::{BrowseError, RowVersion, Value};

use super::failing::is_about_the_question;
use super::row::{RowPage, ValueField, read};
use super::rows::full;
use crate::access::Right;
use crate::pages::done::Done;
use crate::pages::failure::{Failure, sentence_of};
use crate::pages::form::Form;
use crate::pages::tenants::Chosen;
use crate::refusal::Refusal;

/// Changes those values of a row that were sent otherwise than they are.
pub(in crate::pages) async fn update(
    Path((_, table, key)): Path<(String, String, String)>,
    chosen: Chosen,
    form: Form,
) -> Result<Response, Failure> {
    chosen.visit.demand(Right::Edit)?;
    let (declared, found) = read(&chosen, &table, &key).await?;
    let expected = version_of(&form)?;
    let mut page = RowPage::of(&chosen, &declared, &found);
    let Some(values) = changed_values(&mut page, &form) else {
        return Ok(page.refused(StatusCode::UNPROCESSABLE_ENTITY, None));
    };
    let (browser, actor) = (chosen.browser()?, chosen.visit.operator.actor());
    let row = &found.row.key;
    let changed = browser.update(&chosen.tenant, actor, &table, row, &values, expected);
    match changed.await {
        Ok(read) => {
            let path = chosen.table_at(&declared, &format!("/row/{}", read.row.key));
            Ok(Done::RowChanged.see(&path))
        }
        Err(error) => refused(page, error),
    }
}

/// Adds a row.
pub(in crate::pages) async fn insert(
    Path((_, table)): Path<(String, String)>,
    chosen: Chosen,
    form: Form,
) -> Result<Response, Failure> {
    chosen.visit.demand(Right::Edit)?;
    let browser = chosen.browser()?;
    let declared = browser.table(&table)?.clone();
    let mut page = RowPage::blank(&chosen, &declared);
    let Some(values) = given_values(&mut page, &form) else {
        return Ok(page.refused(StatusCode::UNPROCESSABLE_ENTITY, None));
    };
    let actor = chosen.visit.operator.actor();
    match browser.insert(&chosen.tenant, actor, &table, &values).await {
        Ok(read) => {
            let path = chosen.table_at(&declared, &format!("/row/{}", read.row.key));
            Ok(Done::RowAdded.see(&path))
        }
        Err(error) => refused(page, error),
    }
}

/// Deletes a row, if that was meant.
pub(in crate::pages) async fn delete(
    Path((_, table, key)): Path<(String, String, String)>,
    chosen: Chosen,
    form: Form,
) -> Result<Response, Failure> {
    chosen.visit.demand(Right::Edit)?;
    let (declared, found) = read(&chosen, &table, &key).await?;
    let expected = version_of(&form)?;
    let page = RowPage::of(&chosen, &declared, &found);
    if form.text("confirm") != "yes" {
        let problem = "Nothing was deleted: say that it is to be gone.".into();
        return Ok(page.refused(StatusCode::UNPROCESSABLE_ENTITY, Some(problem)));
    }
    let (browser, actor) = (chosen.browser()?, chosen.visit.operator.actor());
    let row = &found.row.key;
    match browser
        .delete(&chosen.tenant, actor, &table, row, expected)
        .await
    {
        Ok(_) => Ok(Done::RowDeleted.see(&chosen.table_at(&declared, ""))),
        Err(error) => refused(page, error),
    }
}

fn version_of(form: &Form) -> Result<RowVersion, Failure> {
    let version = form.text("version").parse();
    version.map_err(|_| Refusal::PreconditionMalformed.into())
}

/// What is another than the row has.
fn changed_values(page: &mut RowPage, form: &Form) -> Option<Vec<(String, Value)>> {
    let text = |field: &ValueField| (!field.is_null).then(|| field.value.replace("\r\n", "\n"));
    values_of(page, |field| {
        let before = text(field);
        field.take(form);
        before != text(field)
    })
}

/// What was given: a blank field is none.
fn given_values(page: &mut RowPage, form: &Form) -> Option<Vec<(String, Value)>> {
    values_of(page, |field| {
        field.take(form);
        field.is_null || !field.value.is_empty()
    })
}

/// The values of the fields that count, unless something is wrong with one. All that is wrong is said at once.
fn values_of(
    page: &mut RowPage,
    mut counts: impl FnMut(&mut ValueField) -> bool,
) -> Option<Vec<(String, Value)>> {
    let mut values = Some(Vec::new());
    for field in &mut page.fields {
        if !counts(field) {
            continue;
        }
        let value = field.read();
        values = values.zip(value).map(|(mut values, value)| {
            values.push((field.name.clone(), value));
            values
        });
    }
    values
}

fn refused(page: RowPage, error: BrowseError) -> Result<Response, Failure> {
    if is_about_the_question(&error) {
        let problem = sentence_of(&full(&error));
        return Ok(page.refused(StatusCode::CONFLICT, Some(problem)));
    }
    Err(error.into())
}
