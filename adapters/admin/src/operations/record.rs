use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenantry::{Actor, BoxError, Excerpt, TenantId};
use utoipa::ToSchema;

use crate::refusal::Refusal;

/// An operation's identity: 32 lower-case hexadecimal digits, of which later ones are greater. It is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationId(u128);

impl OperationId {
    /// The identity of an operation that begins now.
    pub(super) fn new(now: DateTime<Utc>) -> Result<Self, BoxError> {
        let mut random = [0; 10];
        getrandom::fill(&mut random)?;
        let mut bytes = [0; 16];
        let (time, tail) = bytes.split_at_mut(6);
        time.copy_from_slice(&now.timestamp_millis().to_be_bytes()[2..]);
        tail.copy_from_slice(&random);
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<OperationId> for String {
    fn from(id: OperationId) -> Self {
        id.to_string()
    }
}

impl FromStr for OperationId {
    type Err = OperationIdError;

    fn from_str(text: &str) -> Result<Self, OperationIdError> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let well_formed = text.len() == 32 && text.bytes().all(digit);
        let number = u128::from_str_radix(text, 16).ok();
        number
            .filter(|_| well_formed)
            .map(Self)
            .ok_or_else(|| OperationIdError {
                text: Excerpt::of(text),
            })
    }
}

impl TryFrom<String> for OperationId {
    type Error = OperationIdError;

    fn try_from(text: String) -> Result<Self, OperationIdError> {
        text.parse()
    }
}

/// A text that is no [`OperationId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is no operation: its id has 32 lower-case hexadecimal digits")]
pub struct OperationIdError {
    /// The refused text.
    pub text: Excerpt,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationKind {
    /// Provisions a tenant that was just recorded.
    CreateTenant,
    /// Provisions a tenant.
    ProvisionTenant,
    /// Purges a tenant.
    PurgeTenant,
    /// Brings every tenant's schema up to date.
    MigrateTenants,
}

/// Where an operation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It is being done.
    Running,
    /// It is done.
    Done,
    /// It isn't done, and `problem` says why.
    Failed,
    /// Its process ended before it did. What was done until then stays; the same request again goes on.
    Interrupted,
}

/// How far an operation is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationProgress {
    /// How many steps are done.
    pub done: u64,
    /// How many there are, where that is known.
    pub total: Option<u64>,
    /// What was done last, or is being done.
    pub text: String,
}

/// Why an operation isn't done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OperationProblem {
    /// The status that a request for the same would have had.
    pub status: u16,
    /// Why, as a stable code for machines.
    pub reason: String,
    /// What is wrong, for people.
    pub detail: String,
}

impl From<&Refusal> for OperationProblem {
    fn from(refusal: &Refusal) -> Self {
        Self {
            status: refusal.status().as_u16(),
            reason: refusal.reason().to_owned(),
            detail: refusal.to_string(),
        }
    }
}

/// Long work that goes on without whoever asked for it, as it is at one moment. What a store writes and reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Operation)]
pub struct OperationRecord {
    /// Its identity.
    #[schema(value_type = String, pattern = "^[0-9a-f]{32}$")]
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// Whose schema it is about; none if it is about all.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub tenant: Option<TenantId>,
    /// Who asked for it.
    #[schema(value_type = String)]
    pub actor: Actor,
    /// Where it is in its life.
    pub state: OperationState,
    /// How often it changed. It is the id of the event that tells of that.
    #[schema(minimum = 1)]
    pub revision: u64,
    /// How far it is.
    pub progress: OperationProgress,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub begun_at: DateTime<Utc>,
    /// When its process was last known to be at it.
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: DateTime<Utc>,
    /// When it ended, if it has.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<DateTime<Utc>>,
    /// What a request for the same would have been answered: the tenant, say.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why it isn't done.
    pub problem: Option<OperationProblem>,
}

impl OperationRecord {
    /// How often a process says that it is at it still, in seconds.
    pub(super) const BEAT: u64 = 15;
    /// After how many seconds without a word an operation's process is taken to have ended.
    const SILENCE: i64 = 60;

    /// The record as it is to be shown: one whose process has ended doesn't run.
    pub(super) fn shown(mut self, now: DateTime<Utc>) -> Self {
        let silent = now.signed_duration_since(self.seen_at) > TimeDelta::seconds(Self::SILENCE);
        if self.state == OperationState::Running && silent {
            self.state = OperationState::Interrupted;
            self.revision += 1;
        }
        self
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state != OperationState::Running
    }

    pub(super) fn end(&mut self, outcome: Result<Value, OperationProblem>, now: DateTime<Utc>) {
        match outcome {
            Ok(result) => {
                self.state = OperationState::Done;
                self.result = Some(result).filter(|result| !result.is_null());
            }
            Err(problem) => {
                self.state = OperationState::Failed;
                self.problem = Some(problem);
            }
        }
        self.revision += 1;
        self.seen_at = now;
        self.ended_at = Some(now);
    }
}

/// The time now, in whole microseconds.
pub(crate) fn now() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    i64::try_from(micros)
        .ok()
        .and_then(DateTime::from_timestamp_micros)
        .unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_is_written_in_one_way_only() {
        let id = OperationId::new(now()).expect("there are random bytes");
        assert_eq!(id.to_string().parse(), Ok(id));
        let upper = id.to_string().to_uppercase();
        for bad in [
            "",
            "0",
            &upper.replace('0', "A"),
            &format!("+{}", &id.to_string()[1..]),
        ] {
            assert!(bad.parse::<OperationId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_running_operation_is_interrupted_once_its_process_is_silent_and_one_that_ended_never() {
        let at =
            |seconds: i64| DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("in range");
        let mut record = super::super::store::tests::record(1);
        record.seen_at = at(0);
        let shown = record.clone().shown(at(60));
        assert_eq!(shown, record, "it may be at it still");
        let shown = record.clone().shown(at(61));
        assert_eq!(shown.state, OperationState::Interrupted);
        assert!(shown.revision > record.revision, "it is news");
        record.end(Ok(Value::Null), at(1));
        assert_eq!(record.clone().shown(at(1_000)), record);
    }
}
