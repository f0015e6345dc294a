//! What the suites of the smaller ports have in common: a registry of behaviours, and a `#[test]` of each.

use tenantry::TenantId;

use crate::behaviour::within_patience;
use crate::{ProbeError, Verdict, Violation};

/// One thing that every adapter of a port must do, as a function.
pub struct PortBehaviour {
    /// The behaviour as a sentence, with `_` for each blank.
    pub name: &'static str,
    pub(crate) run: fn() -> Verdict,
}

impl PortBehaviour {
    /// Runs it in a world of its own.
    ///
    /// # Errors
    /// What was seen that shouldn't have been; a panic and a behaviour that doesn't end are that, too.
    pub fn check(&self) -> Verdict {
        within_patience(self.run)
    }
}

/// What the adapter claims of a purge by the record alone holds: that it works, or that it says it doesn't.
pub(crate) fn purge_as_claimed(
    claimed: bool,
    tenant: TenantId,
    purge: impl FnOnce(TenantId) -> Result<(), ProbeError>,
) -> Result<(), Violation> {
    match (claimed, purge(tenant).map_err(Violation::from)) {
        (false, Err(violation)) if violation.is_unsupported() => Ok(()),
        (false, Ok(())) => Err(Violation::new("it purges by the record alone: claim it")),
        (_, purged) => purged,
    }
}

/// Makes the registry of one port's behaviours, for harnesses of `$trait`.
macro_rules! port_registry {
    (($trait:ident) $($module:ident { $($name:ident;)* })*) => {
        /// The name of every behaviour, without running any.
        pub fn catalogue() -> Vec<&'static str> {
            vec![$($(stringify!($name),)*)*]
        }

        /// Every behaviour, for one adapter.
        pub fn behaviours<H: $trait>() -> Vec<crate::PortBehaviour> {
            vec![$($(crate::PortBehaviour {
                name: stringify!($name),
                run: super::behaviours::$module::$name::<H>,
            },)*)*]
        }

        /// Runs the behaviour called `name` on one adapter.
        ///
        /// # Errors
        /// What the behaviour saw that it shouldn't have, or that there is none of that name.
        pub fn check<H: $trait>(name: &str) -> crate::Verdict {
            behaviours::<H>()
                .into_iter()
                .find(|behaviour| behaviour.name == name)
                .map_or_else(
                    || Err(crate::Violation::new(format!("there is no behaviour {name}"))),
                    |behaviour| behaviour.check(),
                )
        }

        #[doc(hidden)]
        pub fn adapter<H: $trait>() -> &'static str {
            H::ADAPTER
        }
    };
}

pub(crate) use port_registry;

#[doc(hidden)]
#[macro_export]
macro_rules! __port_tests {
    (($suite:ident, $harness:ty) $($module:ident { $($name:ident;)* })*) => {
        $($(
            #[test]
            fn $name() {
                if let Err(violation) = $crate::$suite::check::<$harness>(stringify!($name)) {
                    panic!("{}: {violation}", $crate::$suite::adapter::<$harness>());
                }
            }
        )*)*
    };
}
