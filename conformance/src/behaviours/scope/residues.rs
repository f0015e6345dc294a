use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tenantry::TenantContext;
use tenantry::ports::{ScopeError, ScopeMode};

use crate::world::{NO_ROWS, World};
use crate::{Capability, Harness, NOTICE, Probe, ProbeError, Residue, Verdict, ensure, ensure_eq};

/// How a careless borrower's scope ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Well,
    InFailure,
    InPanic,
}

/// Leaves something behind on the only connection, in every mode and with every ending, and asks whether the next
/// borrower, in another tenant and then in the shared schema, sees it.
fn is_never_seen_by_the_next<H: Harness>(residue: Residue) -> Verdict {
    let world = World::<H>::with_connections(1);
    let [careless, next] = world.contexts(["careless", "next"])?;
    world.insert(&careless, &[1])?;
    world.insert(&next, &[2])?;
    for mode in modes::<H>(residue) {
        for ending in [Ending::Well, Ending::InFailure, Ending::InPanic] {
            let control = leave(&world, &careless, residue, mode, ending)?;
            ensure!(
                control,
                "{residue:?} can't be seen even by who left it, in a {mode:?} scope"
            );
            let after = format!("{residue:?} of a {mode:?} scope that ended {ending:?}");
            world.within(&next, |probe| {
                ensure!(!probe.sees(residue)?, "the next borrower sees the {after}");
                ensure_eq!(probe.values()?, [2], "its rows after the {after}");
                Ok(())
            })?;
            world.shared(|probe| {
                ensure!(!probe.sees(residue)?, "the shared scope sees the {after}");
                ensure_eq!(probe.values()?, [NOTICE], "its rows after the {after}");
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn modes<H: Harness>(residue: Residue) -> Vec<ScopeMode> {
    let mut modes = Vec::new();
    if residue != Residue::OpenTransaction {
        modes.push(ScopeMode::Transaction);
    }
    if H::claims().include(Capability::SessionScopes) || modes.is_empty() {
        modes.push(ScopeMode::Session);
    }
    modes
}

/// Leaves it, and says whether it can be seen where it was left.
fn leave<H: Harness>(
    world: &World<H>,
    context: &TenantContext,
    residue: Residue,
    mode: ScopeMode,
    ending: Ending,
) -> Result<bool, ProbeError> {
    let mut control = Ok(false);
    let scope = || {
        world.enter(context, mode, |probe| {
            control = left(probe, residue, mode);
            match ending {
                Ending::Well => Ok(()),
                Ending::InFailure => Err(ProbeError::OnPurpose),
                Ending::InPanic => resume_unwind(Box::new("on purpose")),
            }
        })
    };
    // How the scope ends is the adapter's business, if only the next borrower sees nothing.
    let ended = catch_unwind(AssertUnwindSafe(scope));
    if let Ok(Err(error)) = ended {
        let expected = matches!(error, ProbeError::OnPurpose);
        let refused_to_commit = matches!(ending, Ending::Well);
        ensure!(expected || refused_to_commit, "the scope failed: {error}");
    }
    control
}

fn left(probe: &mut dyn Probe, residue: Residue, mode: ScopeMode) -> Result<bool, ProbeError> {
    probe.leave_behind(residue)?;
    // A subscription made in a transaction begins with its commit.
    let later = residue == Residue::Listen && mode == ScopeMode::Transaction;
    Ok(later || probe.sees(residue)?)
}

macro_rules! residues {
    ($($name:ident: $residue:ident;)*) => {
        $(pub(crate) fn $name<H: Harness>() -> Verdict {
            is_never_seen_by_the_next::<H>(Residue::$residue)
        })*
    };
}

residues! {
    a_path_left_behind_is_never_seen_by_the_next_borrower: Path;
    a_path_set_inside_a_function_is_never_seen_by_the_next_borrower: PathInsideFunction;
    an_open_transaction_is_never_seen_by_the_next_borrower: OpenTransaction;
    a_temporary_table_is_never_seen_by_the_next_borrower: TemporaryTable;
    a_setting_is_never_seen_by_the_next_borrower: Setting;
    an_advisory_lock_is_never_seen_by_the_next_borrower: AdvisoryLock;
    a_subscription_is_never_seen_by_the_next_borrower: Listen;
    a_cursor_with_hold_is_never_seen_by_the_next_borrower: HoldCursor;
    a_prepared_statement_is_never_seen_by_the_next_borrower: PreparedStatement;
    a_role_is_never_seen_by_the_next_borrower: Role;
}

pub(crate) fn what_an_open_transaction_wrote_is_never_committed_by_the_next_borrower<H: Harness>()
-> Verdict {
    let world = World::<H>::with_connections(1);
    let [careless, next] = world.contexts(["careless", "next"])?;
    let left = world.enter(&careless, ScopeMode::Session, |probe| {
        probe.leave_behind(Residue::OpenTransaction)?;
        probe.insert(1)
    });
    match left {
        // The adapter may well say that the work shouldn't have done that.
        Ok(()) | Err(ProbeError::Scope(ScopeError::TransactionEnded)) => {}
        Err(error) => return Err(error.into()),
    }
    world.insert(&next, &[2])?;
    ensure_eq!(world.values(&next)?, [2], "the next borrower's rows");
    ensure_eq!(
        world.values(&careless)?,
        NO_ROWS,
        "the careless borrower's rows"
    );
    Ok(())
}
