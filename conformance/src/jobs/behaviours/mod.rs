pub(super) mod any_worker;
pub(super) mod endings;
pub(super) mod fairness;
pub(super) mod leases;
pub(super) mod order;
pub(super) mod putting_in;
pub(super) mod records;
pub(super) mod workers;
