pub(super) mod records;
pub(super) mod runs;
pub(super) mod steps;
pub(super) mod tenants;
