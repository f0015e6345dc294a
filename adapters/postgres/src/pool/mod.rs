//! The pool: r2d2 opens connections and bounds their number; what is here shares them out and keeps them clean.
//!
//! ```text
//!             gate ──────────▶ shelf ─────────▶ scope
//!   first come, first served,  clean ones, which     │ gives back
//!   so many of one tenant      remember their tenant ▼
//!             ▲                  ▲               returned
//!             └── room is free ──┴── cleaner ◀───────┘
//!                    again         two threads: clear, prove, make ready; or close
//! ```

mod cleaner;
pub(crate) mod cleaning;
mod floor;
mod gate;
mod manager;
mod settings;
mod shelf;
mod statistics;
mod tenant_pool;

pub(crate) use floor::Count;
pub(crate) use manager::Lent;
pub use settings::{PoolSettings, PoolSettingsError};
pub use statistics::PoolStatistics;
pub(crate) use tenant_pool::Core;
pub use tenant_pool::TenantPool;
