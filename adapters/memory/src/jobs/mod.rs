//! The job queue in process, and schedules.
//!
//! ```text
//!  queue      MemoryJobQueue       the port: a lock, a clock, and
//!  store      Jobs                 what the queue holds, as plain maps
//!  hand_out                        whose turn it is, and which job
//!  schedules  MemoryJobSchedules   jobs that are put in again and again
//!  random     RandomBits           for jitter and ids
//! ```

mod hand_out;
mod queue;
mod random;
mod schedules;
mod store;

pub use queue::MemoryJobQueue;
pub use random::RandomBits;
pub use schedules::MemoryJobSchedules;
