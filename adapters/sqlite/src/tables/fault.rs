use diesel::result::{DatabaseErrorKind, Error};
use tenantry::BoxError;
use tenantry::ports::{ChangeRefusal, ScopeError, TablesError};
use tenantry::tables::TableDeclaration;

use crate::error::{Cause, Classified};

/// What a statement was for.
#[derive(Clone, Copy)]
pub(super) enum Asked<'t> {
    ToRead(&'t TableDeclaration),
    ToChange(&'t TableDeclaration),
}

impl Asked<'_> {
    /// What failed, without a word of what SQLite said: its message may quote a value.
    pub(super) fn failed(self, error: Error) -> TablesError {
        let (Self::ToRead(table) | Self::ToChange(table)) = self;
        let table = table.name().clone();
        let refused = |refusal| TablesError::Refused {
            table: table.clone(),
            refusal,
        };
        if let Error::DatabaseError(kind, _) = &error {
            let constraint = None;
            match kind {
                DatabaseErrorKind::UniqueViolation => {
                    return refused(ChangeRefusal::Unique { constraint });
                }
                DatabaseErrorKind::ForeignKeyViolation => {
                    return refused(ChangeRefusal::Reference { constraint });
                }
                DatabaseErrorKind::CheckViolation => {
                    return refused(ChangeRefusal::Check { constraint });
                }
                DatabaseErrorKind::NotNullViolation => return refused(ChangeRefusal::NotNull),
                _ => {}
            }
        }
        if matches!(self, Self::ToChange(_)) && is_of_a_value(&error) {
            return refused(ChangeRefusal::Value);
        }
        let Classified { cause, .. } = error.into();
        let source: BoxError = format!("{cause:?}").into();
        match (cause, self) {
            (Cause::Busy | Cause::Unavailable | Cause::Changed, _) => {
                ScopeError::Unavailable { source }.into()
            }
            (Cause::Full, _) => ScopeError::StorageFull { source }.into(),
            (Cause::Transaction, _) => ScopeError::TransactionEnded.into(),
            (Cause::NoSuchTable, _) => TablesError::NotAsDeclared {
                table,
                reason: "it isn't there".into(),
            },
            (Cause::Forbidden, Self::ToRead(_)) => TablesError::WroteOnReading { table },
            (Cause::Forbidden, Self::ToChange(_)) => refused(ChangeRefusal::Forbidden),
            (Cause::NotADatabase | Cause::Other, _) => TablesError::Failed { table, source },
        }
    }
}

/// By SQLite's text, which is part of its source.
fn is_of_a_value(error: &Error) -> bool {
    const TEXTS: [&str; 3] = [
        "datatype mismatch",
        "cannot store",
        "string or blob too big",
    ];
    match error {
        Error::DatabaseError(_, information) => {
            let said = information.message();
            TEXTS.iter().any(|text| said.contains(text))
        }
        _ => false,
    }
}
