use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::PageSize;
use tenantry::audit::{
    AuditAnchor, AuditBroken, AuditChain, AuditEntry, AuditError, AuditVerifier, Verified,
};

use crate::args::{AuditCommand, Global, OwnerArgs};
use crate::database::{Database, owner_id};
use crate::error::CliError;
use crate::output::{Output, printable};

pub(crate) fn run(
    global: &Global,
    command: &AuditCommand,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::List {
            owner,
            after,
            limit,
        } => {
            let chain = chain_of(global, owner)?;
            list(&Database::open(global)?, chain, after.after, *limit, output)?;
        }
        AuditCommand::Export { owner, after } => {
            let chain = chain_of(global, owner)?;
            export(&Database::open(global)?, chain, after.after, output)?;
        }
        AuditCommand::Verify {
            owner,
            anchors,
            file,
        } => {
            let chain = chain_of(global, owner)?;
            let anchors: Vec<_> = anchors.iter().map(|anchor| anchor.of(chain)).collect();
            let verified = if let Some(file) = file {
                verify_file(file, chain, &anchors)
            } else {
                let log = Database::open(global)?.audit();
                block_on(log.verify(chain, &anchors)).map_err(CliError::from)
            };
            return say(chain, verified, output);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn chain_of(global: &Global, owner: &OwnerArgs) -> Result<AuditChain, CliError> {
    Ok(owner_id(global, owner)?.map_or(AuditChain::Shared, AuditChain::Tenant))
}

fn list(
    database: &Database,
    chain: AuditChain,
    after: u64,
    limit: u16,
    output: &mut Output,
) -> Result<(), CliError> {
    let size = PageSize::new(limit).unwrap_or_default();
    let entries = block_on(database.audit().read(chain, after, size))?;
    let full = entries.len() == usize::from(limit);
    let next = entries.last().filter(|_| full).map(|last| last.number);
    if output.is_json() {
        return output.value(&json!({ "entries": entries, "next": next }));
    }
    let rows = entries.iter().map(row).collect();
    let heading = ["number", "at", "who", "did", "to", "detail"];
    output.table(&heading, rows, &json!(null))?;
    match next {
        Some(next) => output.aside(&format!("more: --after {next}")),
        None => Ok(()),
    }
}

fn row(entry: &AuditEntry) -> Vec<String> {
    let AuditEntry {
        chain: _,
        number,
        at,
        actor,
        action,
        target,
        detail,
        previous: _,
        hash: _,
    } = entry;
    let detail = detail.as_str();
    vec![
        number.to_string(),
        at.to_string(),
        actor.to_string(),
        action.to_string(),
        target.as_str().to_owned(),
        if detail == "{}" {
            String::new()
        } else {
            printable(detail)
        },
    ]
}

fn export(
    database: &Database,
    chain: AuditChain,
    mut after: u64,
    output: &mut Output,
) -> Result<(), CliError> {
    let log = database.audit();
    let mut last = None;
    loop {
        let entries = block_on(log.read(chain, after, PageSize::LARGEST))?;
        for entry in &entries {
            output.line(&entry.to_line())?;
        }
        let Some(entry) = entries.last() else {
            break;
        };
        after = entry.number;
        last = Some(entry.anchor());
    }
    if let Some(anchor) = last {
        output.beside(&format!("anchor: {}", text_of(&anchor)));
    }
    Ok(())
}

/// Verifies what was exported, for which no database is needed.
fn verify_file(
    file: &Path,
    chain: AuditChain,
    anchors: &[AuditAnchor],
) -> Result<Verified, CliError> {
    let unreadable = |source| CliError::File {
        file: file.to_owned(),
        source,
    };
    let lines: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(unreadable)?))
    };
    let mut verifier = AuditVerifier::new(chain);
    for anchor in anchors {
        verifier = verifier.with_anchor(*anchor);
    }
    for (number, line) in (1..).zip(lines.lines()) {
        let line = line.map_err(unreadable)?;
        let entry = AuditEntry::from_line(&line).map_err(|error| CliError::AuditLine {
            number,
            source: error.source,
        })?;
        verifier.read(&entry).map_err(AuditError::from)?;
    }
    let head = verifier.finish().map_err(AuditError::from)?;
    let entries = head.map_or(0, |head| head.number);
    Ok(Verified { entries, head })
}

fn say(
    chain: AuditChain,
    verified: Result<Verified, CliError>,
    output: &mut Output,
) -> Result<ExitCode, CliError> {
    let broken = match verified {
        Ok(Verified { entries, head }) => {
            let anchor = head.as_ref().map(text_of);
            let value = json!({ "intact": true, "entries": entries, "anchor": anchor });
            let text = match anchor {
                Some(anchor) => format!(
                    "{entries} entries of {chain}, as they were written; keep this where nobody can change it: {anchor}"
                ),
                None => format!("the log of {chain} has no entry"),
            };
            output.answer(&text, &value)?;
            return Ok(ExitCode::SUCCESS);
        }
        Err(CliError::Audit(AuditError::Broken(broken))) => broken,
        Err(error) => return Err(error),
    };
    let value =
        json!({ "intact": false, "broken_at": place_of(&broken), "error": broken.to_string() });
    if output.is_json() {
        output.value(&value)?;
    } else {
        let at = place_of(&broken).map_or_else(String::new, |at| format!(" at entry {at}"));
        output.bad(&format!("the log of {chain} is broken{at}: {broken}"))?;
    }
    Ok(ExitCode::FAILURE)
}

/// The number of the first entry that isn't right, or isn't there.
fn place_of(broken: &AuditBroken) -> Option<u64> {
    match broken {
        AuditBroken::OutOfOrder { expected, .. } => Some(*expected),
        AuditBroken::Altered { number }
        | AuditBroken::Unlinked { number }
        | AuditBroken::NotAnchored { number } => Some(*number),
        AuditBroken::Truncated { last, .. } => Some(last.saturating_add(1)),
        _ => None,
    }
}

fn text_of(anchor: &AuditAnchor) -> String {
    format!("{}:{}", anchor.number, anchor.hash)
}
