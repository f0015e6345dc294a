/// What a pool has done so far, and what it does now.
///
/// The numbers of now are from one moment, the counts from about the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Connections that are open, or being opened.
    pub size: u32,
    /// Clean connections that nobody uses.
    pub idle: u32,
    /// Connections inside a scope, or being opened for one.
    pub in_use: u32,
    /// Connections that were given back and aren't clean yet.
    pub cleaning: u32,
    /// Scopes that wait for a connection.
    pub waiting: u32,
    /// Connections that were opened.
    pub opened: u64,
    /// Connections that came back and were cleaned.
    pub cleaned: u64,
    /// Those of them that needed a single round trip: what they had left was cleared away at once, and nothing had changed.
    pub cleaned_in_one_trip: u64,
    /// Connections that were closed after their number of tenants, or for their age.
    pub recycled: u64,
    /// Connections that were closed since they were broken, or couldn't be cleaned.
    pub discarded: u64,
    /// Connections that were found dead on entering, and replaced.
    pub replaced: u64,
    /// Session scopes that were entered on a connection that stood ready: without a question to the server.
    pub entered_ready: u64,
}
