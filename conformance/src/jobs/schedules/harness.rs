use std::sync::Arc;

use tenantry::ports::JobSchedules;

use crate::jobs::JobHarness;

/// One store of schedules beside a job queue, in a world of its own, as the suite runs it.
pub trait ScheduleHarness: JobHarness {
    /// The schedules of this world, as one more process would have them. Their jobs go into [`JobHarness::queue`].
    fn schedules(&self) -> Arc<dyn JobSchedules>;
}
