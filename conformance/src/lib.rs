//! What every adapter of Tenantry, ours or a host's, must do.

#[cfg(feature = "servers")]
pub mod servers;
