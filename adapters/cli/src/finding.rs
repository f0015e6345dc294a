use tenantry_postgres::doctor;

/// Something that is wrong, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) problem: String,
    pub(crate) remedy: String,
}

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Somebody's work fails, or will.
    Error,
    /// It works, and wants a look.
    Warning,
}

impl Finding {
    pub(crate) fn error(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    pub(crate) fn warning(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl From<&doctor::Finding> for Finding {
    fn from(found: &doctor::Finding) -> Self {
        let severity = match found.severity() {
            doctor::Severity::Error => Severity::Error,
            doctor::Severity::Warning => Severity::Warning,
        };
        Self {
            severity,
            problem: found.problem.to_string(),
            remedy: found.problem.advice(),
        }
    }
}
