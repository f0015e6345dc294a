use std::collections::BTreeSet;
use std::process::ExitCode;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::audit::{AuditAction, AuditChain, AuditDetail, AuditTarget};
use tenantry::operators::{OperatorAccount, OperatorService};
use tenantry::ports::Secrets;
use tenantry::{Actor, Digest, PageSize};
use tenantry_admin::{OperatorToken, Right};
use tenantry_memory::SystemSecrets;

use super::file::{OperatorFile, OperatorsError};
use super::record::{Record, operator_name, rights_of};
use crate::args::{Global, OperatorCommand, SettingArgs};
use crate::config::{Config, For, Reading};
use crate::error::CliError;
use crate::output::Output;
use crate::serve::{Stores, url_of};

/// Looks after whom a server with the same settings lets in.
pub(crate) fn run(
    global: &Global,
    command: &OperatorCommand,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    match command {
        OperatorCommand::Token {
            name,
            rights,
            settings,
        } => token(config(global, settings)?, name, rights, output)?,
        OperatorCommand::Link {
            name,
            rights,
            settings,
        } => {
            let config = config(global, settings)?;
            link(&config, &global.actor, name, rights.as_deref(), output)?;
        }
        OperatorCommand::List(settings) => list(&config(global, settings)?, output)?,
        OperatorCommand::Revoke { name, settings } => {
            revoke(&config(global, settings)?, &global.actor, name, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn config(global: &Global, settings: &SettingArgs) -> Result<Config, CliError> {
    Ok(Reading::of_process(global, settings, For::Operators).config?)
}

/// Standard output gets the token and nothing else, so that a shell can take it.
fn token(
    config: Config,
    name: &str,
    rights: &[String],
    output: &mut Output,
) -> Result<(), CliError> {
    let file = OperatorFile::new(config.operators.ok_or(OperatorsError::NoFile)?);
    let secret = SystemSecrets.secret().map_err(OperatorsError::Random)?;
    let text = Digest::from_bytes(&secret)
        .map_err(CliError::database)?
        .to_string();
    let token = OperatorToken::new(&text).map_err(CliError::database)?;
    file.change(|records| {
        operator_name(name)?;
        let rights = rights_of(rights)?.iter().map(ToString::to_string).collect();
        if records.operator.iter().any(|record| record.name == name) {
            return Err(format!(
                "operator {name} has a token: tenantry operator revoke {name} takes it away"
            ));
        }
        records.operator.push(Record {
            name: name.to_owned(),
            rights,
            token_sha256: token.digest(),
        });
        Ok(())
    })?;
    output.answer(
        &text,
        &json!({ "name": name, "token": text, "rights": rights }),
    )
}

/// Standard output gets the address and nothing else, without `--json`.
fn link(
    config: &Config,
    by: &Actor,
    name: &str,
    rights: Option<&[String]>,
    output: &mut Output,
) -> Result<(), CliError> {
    let stores = Stores::ready(config)?;
    let operators = stores.operators();
    let link = block_on(async {
        let actor = actor_of(name)?;
        let known = operators.find(&actor).await?.is_some();
        let rights = match rights {
            None if known => None,
            None => Some(BTreeSet::from([Right::Read, Right::Manage])),
            Some(rights) => Some(rights_of(rights).map_err(OperatorsError::Refused)?),
        };
        let given: Option<Vec<_>> = rights
            .as_ref()
            .map(|rights| rights.iter().map(ToString::to_string).collect());
        let detail = json!({ "rights": given });
        record(&stores, by, "operator.link", &actor, &detail).await?;
        if let Some(rights) = rights {
            let rights = rights.into_iter().map(Into::into);
            operators
                .put(&OperatorAccount::new(actor.clone(), rights))
                .await?;
        }
        Ok::<_, OperatorsError>(operators.link(&actor).await?)
    })?;
    let url = url_of(config, config.bind).map_err(OperatorsError::Url)?;
    let address = url.sign_in(&link);
    output.answer(
        &address,
        &json!({ "name": name, "sign_in": address, "until": link.expires_at }),
    )
}

/// Whoever has a token, and whoever signs in.
fn list(config: &Config, output: &mut Output) -> Result<(), CliError> {
    let mut found = Vec::new();
    if let Some(file) = &config.operators {
        let records = OperatorFile::new(file.clone()).read()?;
        for record in records.operator {
            found.push((format!("operator:{}", record.name), record.rights, "token"));
        }
    }
    let operators = Stores::ready(config)?.operators();
    for account in block_on(accounts(&operators))? {
        let rights = account.rights.iter().map(ToString::to_string).collect();
        found.push((account.actor.to_string(), rights, "sign-in"));
    }
    let rows = found
        .iter()
        .map(|(name, rights, by)| vec![name.clone(), (*by).to_owned(), rights.join(", ")])
        .collect();
    let values: Vec<_> = found
        .iter()
        .map(|(name, rights, by)| json!({ "operator": name, "by": by, "rights": rights }))
        .collect();
    output.table(&["operator", "by", "rights"], rows, &json!(values))
}

async fn accounts(operators: &OperatorService) -> Result<Vec<OperatorAccount>, OperatorsError> {
    let mut found: Vec<OperatorAccount> = Vec::new();
    loop {
        let after = found.last().map(|account| account.actor.clone());
        let page = operators.accounts(after, PageSize::LARGEST).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// Everything that lets somebody in. The token goes first, and its going doesn't wait for the database.
fn revoke(config: &Config, by: &Actor, name: &str, output: &mut Output) -> Result<(), CliError> {
    let mut had_token = false;
    if let Some(file) = &config.operators {
        OperatorFile::new(file.clone()).change(|records| {
            let before = records.operator.len();
            records.operator.retain(|record| record.name != name);
            had_token = records.operator.len() < before;
            Ok(())
        })?;
    }
    let stores = Stores::ready(config)?;
    let operators = stores.operators();
    let had_account = block_on(async {
        let actor = actor_of(name)?;
        let had_account = operators.find(&actor).await?.is_some();
        if had_token || had_account {
            let detail = json!({ "token": had_token, "account": had_account });
            record(&stores, by, "operator.revoke", &actor, &detail).await?;
        }
        operators.sign_out_everywhere(&actor).await?;
        operators.remove(&actor).await?;
        Ok::<_, OperatorsError>(had_account)
    })?;
    if !had_token && !had_account {
        return Err(OperatorsError::NoSuch(tenantry::Excerpt::of(name)).into());
    }
    output.answer(
        &format!("{name} is let in no more"),
        &json!({ "revoked": name, "token": had_token, "account": had_account }),
    )
}

/// Puts into the shared audit log who is let in, or no more, before it is so. What can't be recorded isn't done.
async fn record(
    stores: &Stores,
    by: &Actor,
    action: &str,
    whom: &Actor,
    detail: &Value,
) -> Result<(), OperatorsError> {
    let unrecorded = |source: tenantry::BoxError| OperatorsError::Unrecorded(source);
    let action = AuditAction::new(action).map_err(|error| unrecorded(error.into()))?;
    let target = AuditTarget::new(whom.as_str()).map_err(|error| unrecorded(error.into()))?;
    let detail = AuditDetail::of(detail).map_err(|error| unrecorded(error.into()))?;
    let log = stores.audit();
    let recorded = log.record(AuditChain::Shared, by.clone(), action, target, detail);
    recorded.await.map_err(|error| unrecorded(error.into()))?;
    Ok(())
}

fn actor_of(name: &str) -> Result<Actor, OperatorsError> {
    let name = operator_name(name).map_err(OperatorsError::Refused)?;
    Actor::named(format!("operator:{name}")).map_err(OperatorsError::Actor)
}
