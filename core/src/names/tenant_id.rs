use super::version_7::version_7_id;

version_7_id! {
    /// A tenant's identity for all time: a UUID of version 7.
    ///
    /// Cache keys, job envelopes and logs carry the id, never the slug, so that a slug that is used again
    /// inherits nothing. Ids order by the time at which they were made (to the millisecond).
    ///
    /// ```
    /// use chrono::DateTime;
    /// use tenantry::TenantId;
    ///
    /// let made_at = DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
    /// let id = TenantId::from_parts(made_at, [7; 10]);
    /// assert_eq!(id.to_string().parse::<TenantId>()?, id);
    /// # Ok::<(), tenantry::TenantIdError>(())
    /// ```
    TenantId, TenantIdError, "tenant"
}
