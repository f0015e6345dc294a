pub(super) mod changes;
pub(super) mod exports;
pub(super) mod isolation;
pub(super) mod listing;
pub(super) mod secrets;
pub(super) mod values;
