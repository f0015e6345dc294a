use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tenantry::BoxError;
use tenantry::ports::{ChangeRefusal, ScopeError, TablesError};
use tenantry::tables::TableDeclaration;

use crate::Fault;

/// What a statement was for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'t> {
    ToRead(&'t TableDeclaration),
    ToChange(&'t TableDeclaration),
}

impl Asked<'_> {
    /// What failed, without a word of what the server said: its message may quote a value of any column, and its detail often
    /// has the whole row. The name of a constraint is all that is passed on.
    pub(super) fn failed(self, error: &Error) -> TablesError {
        let (Self::ToRead(table) | Self::ToChange(table)) = self;
        let table = table.name().clone();
        let refused = |refusal| TablesError::Refused {
            table: table.clone(),
            refusal,
        };
        if let Error::DatabaseError(kind, information) = error {
            let constraint = || information.constraint_name().map(str::to_owned);
            match kind {
                DatabaseErrorKind::ReadOnlyTransaction => {
                    return TablesError::WroteOnReading { table };
                }
                DatabaseErrorKind::UniqueViolation => {
                    let constraint = constraint();
                    return refused(ChangeRefusal::Unique { constraint });
                }
                DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
                    let constraint = constraint();
                    return refused(ChangeRefusal::Reference { constraint });
                }
                DatabaseErrorKind::CheckViolation | DatabaseErrorKind::ExclusionViolation => {
                    let constraint = constraint();
                    return refused(ChangeRefusal::Check { constraint });
                }
                DatabaseErrorKind::NotNullViolation => return refused(ChangeRefusal::NotNull),
                DatabaseErrorKind::Unknown
                    if matches!(self, Self::ToChange(_)) && is_of_a_value(information.as_ref()) =>
                {
                    return refused(ChangeRefusal::Value);
                }
                _ => {}
            }
        }
        let fault = Fault::of(error);
        let source: BoxError = format!("{fault:?}").into();
        match fault {
            Fault::Unavailable | Fault::Exhausted => ScopeError::Unavailable { source }.into(),
            Fault::Conflict | Fault::PlanStale | Fault::LockTimeout => {
                ScopeError::Conflict { source }.into()
            }
            Fault::StorageFull => ScopeError::StorageFull { source }.into(),
            Fault::Cancelled => TablesError::TimedOut { table },
            Fault::UndefinedTable | Fault::UndefinedSchema => TablesError::NotAsDeclared {
                table,
                reason: "it isn't there".into(),
            },
            Fault::Forbidden if matches!(self, Self::ToChange(_)) => {
                refused(ChangeRefusal::Forbidden)
            }
            Fault::Forbidden => TablesError::NotAsDeclared {
                table,
                reason: "the role may not read it".into(),
            },
            _ => TablesError::Failed { table, source },
        }
    }
}

/// By the server's English text: in another language, the failure has no name.
fn is_of_a_value(said: &(dyn DatabaseErrorInformation + Send + Sync)) -> bool {
    const TEXTS: [&str; 6] = [
        "value too long for type",
        "invalid input",
        "out of range",
        "numeric field overflow",
        "invalid byte sequence",
        "violates check constraint",
    ];
    TEXTS.iter().any(|text| said.message().contains(text))
}
