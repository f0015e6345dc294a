use alloc::boxed::Box;

/// The cause of an error that an adapter reports: whatever its library said.
pub type BoxError = Box<dyn core::error::Error + Send + Sync + 'static>;
