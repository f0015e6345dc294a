pub(super) mod contexts;
pub(super) mod floods;
pub(super) mod freshness;
pub(super) mod hosts;
pub(super) mod refusals;
pub(super) mod sources;
