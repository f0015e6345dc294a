/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestOutcome {
    /// It was answered, and not by an error.
    Success,
    /// The host's service says that the client did something wrong.
    ClientError,
    /// The host's service says that it failed, or couldn't even say that.
    ServerError,
    /// It ended at the layer, with this reason.
    Refused(&'static str),
    /// The client went away before it was answered.
    Cancelled,
}

impl RequestOutcome {
    /// The words of all outcomes.
    pub(crate) const ALL: [&'static str; 5] = [
        Self::Success.as_str(),
        Self::ClientError.as_str(),
        Self::ServerError.as_str(),
        Self::Refused("").as_str(),
        Self::Cancelled.as_str(),
    ];

    /// The outcome in one word, without the reason.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
            Self::Refused(_) => "refused",
            Self::Cancelled => "cancelled",
        }
    }
}
