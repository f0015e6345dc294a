use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls what is the host's, so that a panic of its ends no thread of ours: nothing, then. The panic hook has shown it.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
