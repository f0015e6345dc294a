/// What a careless borrower can leave behind on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Residue {
    /// The path set to another schema (`SET search_path = pg_catalog`).
    Path,
    /// The same, done inside a function of the server.
    PathInsideFunction,
    /// A transaction begun by a raw statement. Only ever left in a session scope.
    OpenTransaction,
    /// A temporary table.
    TemporaryTable,
    /// A setting of the session (`SET statement_timeout = …`).
    Setting,
    /// An advisory lock of the session.
    AdvisoryLock,
    /// A subscription to a channel (`LISTEN`).
    Listen,
    /// A cursor that outlives its transaction (`WITH HOLD`).
    HoldCursor,
    /// A statement prepared by name (`PREPARE`).
    PreparedStatement,
    /// Another role (`SET ROLE`).
    Role,
}

impl Residue {
    /// Every residue.
    pub const ALL: [Self; 10] = [
        Self::Path,
        Self::PathInsideFunction,
        Self::OpenTransaction,
        Self::TemporaryTable,
        Self::Setting,
        Self::AdvisoryLock,
        Self::Listen,
        Self::HoldCursor,
        Self::PreparedStatement,
        Self::Role,
    ];
}
