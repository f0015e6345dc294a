/// What a caller may do about an error: try again at once, later, or not at all.
///
/// Every error enum of the ports answers with one of these, by a match without a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same call can succeed right away: somebody else won a race, or a plan went stale.
    Now,
    /// The same call can succeed after a while: a lock is held, a server is away, a pool is empty.
    Later,
    /// The same call fails again until somebody changes something.
    Never,
}
