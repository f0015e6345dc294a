pub(super) mod samples;
pub(super) mod sizes;
