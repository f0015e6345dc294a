use std::convert::Infallible;
use std::fmt;

use apalis_core::backend::codec::Codec;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::metadata::{MetadataStore, TracingContext};
use apalis_core::task::task_id::TaskId;
use chrono::{DateTime, Utc};
use tenantry::jobs::{JobEnvelope, JobId, JobScope, TraceContext, UniqueKey};
use ulid::Ulid;

/// The key of a task's metadata under which its scope is kept, for operators: `tenant:<id>` or `shared`.
///
/// No worker goes by it. Where a job runs is what its envelope says.
pub const SCOPE_KEY: &str = "tenantry.scope";

/// What an apalis worker is given: a job's envelope, or bytes that none can be made of.
///
/// Reading one never fails, since a backend whose codec fails ends its worker, and the next worker, and so on.
///
/// ```
/// use apalis_core::backend::codec::Codec;
/// use tenantry_apalis::{CarriedJob, EnvelopeCodec};
///
/// let carried = EnvelopeCodec.decode(&b"not an envelope".to_vec()).expect("it never fails");
/// assert!(carried.envelope().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct CarriedJob(Content);

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Envelope(Box<JobEnvelope>),
    Unreadable {
        bytes: Vec<u8>,
        error: UnreadableJob,
    },
}

impl CarriedJob {
    /// The job.
    ///
    /// # Errors
    /// [`UnreadableJob`]: whatever is in the storage, it is no envelope of this version.
    pub fn envelope(&self) -> Result<&JobEnvelope, &UnreadableJob> {
        match &self.0 {
            Content::Envelope(job) => Ok(job),
            Content::Unreadable { bytes: _, error } => Err(error),
        }
    }

    /// The job as a task for any storage of apalis, with all that apalis has a place for: the id, the priority, the
    /// attempts, the unique key, the trace, and when it is due, in whole seconds and never too early.
    ///
    /// A storage that forgets the metadata loses nothing that a worker needs: the envelope is the task's arguments.
    pub fn task(job: JobEnvelope) -> Task<Self> {
        let mut metadata = MetadataStore::new();
        metadata.extend([(SCOPE_KEY, scope_text(job.scope()))]);
        let task = TaskBuilder::new(())
            .with_metadata(metadata)
            .task_id(task_id(job.id()))
            .priority(usize::try_from(job.priority().number()).unwrap_or_default())
            .max_attempts(usize::from(job.max_attempts().number()))
            .run_at_timestamp(seconds_up(job.run_at()));
        let task = match job.unique_key() {
            Some(key) => task.idempotency_key(key_text(job.scope(), key)),
            None => task,
        };
        let task = match job.trace() {
            Some(trace) => task.metadata(&tracing_context(trace)),
            None => task,
        };
        task.build().map_args(|()| job.into())
    }
}

impl From<JobEnvelope> for CarriedJob {
    fn from(job: JobEnvelope) -> Self {
        Self(Content::Envelope(Box::new(job)))
    }
}

/// A payload may hold what no log should: bytes that can't be read are counted, not shown.
impl fmt::Debug for CarriedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Envelope(job) => f.debug_tuple("CarriedJob").field(job).finish(),
            Content::Unreadable { bytes, error: _ } => {
                write!(f, "CarriedJob({} bytes, unreadable)", bytes.len())
            }
        }
    }
}

/// Bytes of a task that no envelope can be made of. What they are isn't repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task is no job's envelope, from line {line}, column {column} on")]
pub struct UnreadableJob {
    /// The line of the first mistake, from 1; 0 if the envelope contradicts itself.
    pub line: usize,
    /// The column of the first mistake.
    pub column: usize,
}

/// Envelopes as JSON, byte for byte what [`JobEnvelope`] serialises to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnvelopeCodec;

impl Codec<CarriedJob> for EnvelopeCodec {
    type Error = Infallible;
    type Compact = Vec<u8>;

    fn encode(&self, carried: &CarriedJob) -> Result<Vec<u8>, Infallible> {
        Ok(match &carried.0 {
            // An envelope is made of texts and numbers: JSON has a form for each.
            Content::Envelope(job) => serde_json::to_vec(job).unwrap_or_default(),
            Content::Unreadable { bytes, error: _ } => bytes.clone(),
        })
    }

    fn decode(&self, bytes: &Vec<u8>) -> Result<CarriedJob, Infallible> {
        let read: Result<JobEnvelope, _> = serde_json::from_slice(bytes);
        Ok(match read {
            Ok(job) => job.into(),
            Err(error) => CarriedJob(Content::Unreadable {
                bytes: bytes.clone(),
                error: UnreadableJob {
                    line: error.line(),
                    column: error.column(),
                },
            }),
        })
    }
}

/// A job's id as apalis has it: the same 128 bits, written as a ULID.
pub(crate) fn task_id(id: JobId) -> TaskId {
    TaskId::from_ulid(Ulid::from_bytes(id.as_uuid().into_bytes()))
}

/// The 128 bits of a stored id.
pub(crate) fn uuid_of(stored: &str) -> uuid::Uuid {
    Ulid::from_string(stored).map_or_else(
        |_| uuid::Uuid::nil(),
        |id| uuid::Uuid::from_bytes(id.to_bytes()),
    )
}

/// The id as this port writes it, or as apalis does if it isn't one of ours.
pub(crate) fn id_text(stored: &str) -> String {
    match uuid_of(stored) {
        id if id.is_nil() => stored.to_owned(),
        id => id.to_string(),
    }
}

/// A scope in one word.
pub(crate) fn scope_text(scope: JobScope) -> String {
    match scope {
        JobScope::Tenant(id) => format!("tenant:{id}"),
        JobScope::Shared => "shared".to_owned(),
    }
}

/// A unique key, told from those of other scopes: a scope's text holds no blank.
pub(crate) fn key_text(scope: JobScope, key: &UniqueKey) -> String {
    format!("{} {key}", scope_text(scope))
}

fn seconds_up(time: DateTime<Utc>) -> u64 {
    let partial = i64::from(time.timestamp_subsec_nanos() > 0);
    u64::try_from(time.timestamp() + partial).unwrap_or_default()
}

/// What apalis' own tracing layer goes by. A well-formed parent is `00-<trace>-<span>-<flags>`.
fn tracing_context(trace: &TraceContext) -> TracingContext {
    let mut fields = trace.parent().split('-').skip(1);
    let (mut context, mut field) = (TracingContext::new(), || fields.next().unwrap_or_default());
    context = context.with_trace_id(field()).with_span_id(field());
    if let Ok(flags) = u8::from_str_radix(field(), 16) {
        context = context.with_trace_flags(flags);
    }
    match trace.state() {
        Some(state) => context.with_trace_state(state),
        None => context,
    }
}

#[cfg(test)]
mod tests {
    use tenantry::Actor;
    use tenantry::jobs::{JobKind, JobPayload, Priority};

    use super::*;

    fn job() -> JobEnvelope {
        let made = DateTime::from_timestamp(1_790_000_000, 123_456_000).expect("in range");
        let id = JobId::from_parts(made, [7; 10]);
        let kind = JobKind::new("mail.welcome").expect("a kind");
        let payload = JobPayload::of("ada").expect("JSON");
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        JobEnvelope::shared_on_purpose(Actor::system(), id, kind, payload, made)
            .with_priority(Priority::High)
            .with_unique_key(UniqueKey::new("once").expect("a key"))
            .with_trace(TraceContext::new(parent, Some("vendor=1".into())).expect("a trace"))
    }

    #[test]
    fn an_envelope_comes_back_as_it_was() {
        let Ok(bytes) = EnvelopeCodec.encode(&job().into());
        let Ok(carried) = EnvelopeCodec.decode(&bytes);
        assert_eq!(carried.envelope(), Ok(&job()));
    }

    #[test]
    fn bytes_that_are_no_envelope_are_kept_and_never_shown() {
        let bytes = b"{\"secret\": 7}".to_vec();
        let Ok(carried) = EnvelopeCodec.decode(&bytes);
        let error = carried.envelope().expect_err("it is none").to_string();
        let shown = format!("{carried:?} {error}");
        assert!(!shown.contains("secret") && !shown.contains('7'), "{shown}");
        assert_eq!(EnvelopeCodec.encode(&carried), Ok(bytes));
    }

    #[test]
    fn a_task_has_what_apalis_has_a_place_for() {
        let task = CarriedJob::task(job());
        let id = task.task_id().expect("it has one").to_string();
        assert_eq!(uuid_of(&id), job().id().as_uuid());
        assert_eq!(task.priority(), Some(2));
        assert_eq!(task.max_attempts(), Some(10));
        assert_eq!(task.idempotency_key(), Some("shared once"));
        assert_eq!(task.run_at(), Some(1_790_000_001), "never too early");
        let trace: TracingContext = task.metadata().extract_as().expect("a trace");
        assert_eq!(
            trace.trace_id().as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        assert_eq!(trace.trace_flags(), &Some(1));
        assert_eq!(task.metadata().get(SCOPE_KEY), Some("shared"));
        assert_eq!(task.args.envelope(), Ok(&job()));
    }
}
