pub(super) mod changes;
pub(super) mod invitations;
pub(super) mod members;
pub(super) mod purging;
