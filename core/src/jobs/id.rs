use crate::names::version_7_id;

version_7_id! {
    /// A job's identity for all time: a UUID of version 7.
    ///
    /// Whoever puts a job in makes its id, so that putting the same job in twice, after a lost answer say, is one job.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tenantry::jobs::JobId;
    ///
    /// let made_at = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
    /// let id = JobId::from_parts(made_at, [7; 10]);
    /// assert_eq!(id.to_string().parse::<JobId>()?, id);
    /// # Ok::<(), tenantry::jobs::JobIdError>(())
    /// ```
    JobId, JobIdError, "job"
}
