use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::Excerpt;

/// The trace that a job goes on with, in the form of W3C Trace Context.
///
/// ```
/// use tenantry::jobs::TraceContext;
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// assert_eq!(TraceContext::new(parent, None)?.parent(), parent);
/// assert!(TraceContext::new("00-0-0-00", None).is_err());
/// # Ok::<(), tenantry::jobs::TraceContextError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "TraceParts", into = "TraceParts")]
pub struct TraceContext {
    parent: String,
    state: Option<String>,
}

impl TraceContext {
    /// The longest state, in characters.
    pub const MAX_STATE: usize = 512;

    /// Takes the values of the headers `traceparent` and `tracestate`.
    ///
    /// # Errors
    /// [`TraceContextError`]. A host that would rather lose a trace than a job goes on with `None`.
    pub fn new(
        parent: impl Into<String>,
        state: Option<String>,
    ) -> Result<Self, TraceContextError> {
        let parent = parent.into();
        if !is_parent(&parent) {
            return Err(TraceContextError::Parent {
                parent: Excerpt::of(&parent),
            });
        }
        match state {
            Some(state) if !is_state(&state) => Err(TraceContextError::State {
                state: Excerpt::of(&state),
            }),
            state => Ok(Self { parent, state }),
        }
    }

    /// The value of `traceparent`.
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// The value of `tracestate`.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

fn is_parent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut next = |length| parts.next().filter(|part| is_hex(part, length));
    let (version, trace, span, flags) = (next(2), next(32), next(16), next(2));
    let known = version.is_some_and(|version| version != "ff");
    let some = |part: Option<&str>| part.is_some_and(|part| part.bytes().any(|b| b != b'0'));
    known && some(trace) && some(span) && flags.is_some() && parts.next().is_none()
}

fn is_hex(part: &str, length: usize) -> bool {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    part.len() == length && part.bytes().all(lower)
}

fn is_state(text: &str) -> bool {
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    !text.is_empty() && text.len() <= TraceContext::MAX_STATE && text.chars().all(printable)
}

#[derive(Serialize, Deserialize)]
struct TraceParts {
    parent: String,
    state: Option<String>,
}

impl From<TraceContext> for TraceParts {
    fn from(trace: TraceContext) -> Self {
        let TraceContext { parent, state } = trace;
        Self { parent, state }
    }
}

impl TryFrom<TraceParts> for TraceContext {
    type Error = TraceContextError;

    fn try_from(parts: TraceParts) -> Result<Self, TraceContextError> {
        let TraceParts { parent, state } = parts;
        Self::new(parent, state)
    }
}

/// Why a text isn't part of a [`TraceContext`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceContextError {
    /// Not a `traceparent`.
    #[error(
        "traceparent {parent} isn't of the form 00-<32 hex digits>-<16 hex digits>-<2 hex digits>"
    )]
    Parent {
        /// The refused text.
        parent: Excerpt,
    },
    /// Not a `tracestate`.
    #[error(
        "tracestate {state}: use 1 to {} printable ASCII characters",
        TraceContext::MAX_STATE
    )]
    State {
        /// The refused text.
        state: Excerpt,
    },
}
