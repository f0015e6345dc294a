pub(super) mod claims;
pub(super) mod proofs;
pub(super) mod purging;
pub(super) mod rechecks;
