//! Provisioning as a machine without I/O: it says what to do next, and is told how that went.
//!
//! ```text
//!             ┌──────────── AlreadyThere ───────────┐
//!             ▼                                     │
//!  begin ─▶ Inspect ─ missing ─▶ Create ────────────┤
//!             │                                   Made
//!             ├─ ours, behind ─▶ Migrate ──────┐    │
//!             ├─ ours, current ────────────────┴────┴─▶ Record ─▶ Announce ─▶ Finished
//!             │                                           │ ▲
//!             ├─ foreign ─▶ error                   stale ▼ │
//!             └─ missing, though provisioned ─▶ error    Reload
//! ```
//!
//! Each step is atomic by its port's contract, and the machine begins by looking at what is there. So a driver
//! that dies between any two steps leaves something that a new run finishes, and two runs at once end alike: one
//! does the work, the other finds it done.
//!
//! # The driver's rule: one step, one answer
//! After [`Provisioning::poll_step`] gave a step, the driver does it and hands the result to
//! [`Provisioning::handle`] before anything else. An answer to another step is
//! [`ProvisioningError::OutOfStep`], and changes nothing. When a port fails, the driver drops the machine: a
//! later run begins again.
//!
//! ```
//! use tenantry::ports::{Creation, MigrationReport, SchemaState};
//! use tenantry::provisioning::{Answer, Provisioning, Step};
//! # use tenantry::{Actor, Settings, Slug, Tenant, TenantId, TenantName};
//! # let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).expect("in range");
//! # let id = TenantId::from_parts(now, [7; 10]);
//! # let tenant =
//! #     Tenant::new(id, Slug::new("acme")?, TenantName::new("Acme")?, Settings::default(), now);
//!
//! let mut run = Provisioning::begin(tenant, Actor::system())?;
//! assert!(matches!(run.poll_step(), Step::Inspect(_)));
//! run.handle(Answer::Inspected(SchemaState::Missing), now)?;
//! assert!(matches!(run.poll_step(), Step::Create(_)));
//! run.handle(Answer::Created(Creation::Made(MigrationReport::default())), now)?;
//! assert!(matches!(run.poll_step(), Step::Record { .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use crate::lifecycle::{self, Command, Decision, Refused};
use crate::ports::{Creation, Mark, MigrationReport, SchemaState};
use crate::{Actor, Tenant, TenantEvent, TenantId, TenantSchema, TenantStatus, Version};

/// One run of provisioning one tenant. See the [module](self) for its states.
#[derive(Clone, Debug)]
pub struct Provisioning {
    tenant: Tenant,
    actor: Actor,
    applied: Vec<String>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Inspecting,
    Creating,
    Migrating,
    Recording(Box<Decision>),
    Reloading,
    Announcing(TenantEvent),
    Finished(Found),
}

#[derive(Clone, Copy, Debug)]
enum Found {
    Unprovisioned,
    Provisioned,
}

/// What the driver is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Call [`SchemaProvider::inspect`](crate::ports::SchemaProvider::inspect); answer [`Answer::Inspected`].
    Inspect(TenantSchema),
    /// Call [`SchemaProvider::create`](crate::ports::SchemaProvider::create); answer [`Answer::Created`].
    Create(TenantSchema),
    /// Call [`SchemaProvider::migrate`](crate::ports::SchemaProvider::migrate); answer [`Answer::Migrated`].
    Migrate(TenantSchema),
    /// Call [`TenantRepository::update`](crate::ports::TenantRepository::update); answer [`Answer::Recorded`], or
    /// [`Answer::Stale`] if it was stale.
    Record {
        /// The record to write.
        tenant: Box<Tenant>,
        /// The version that it replaces.
        expected: Version,
    },
    /// Call [`TenantRepository::find`](crate::ports::TenantRepository::find); answer [`Answer::Reloaded`].
    Reload(TenantId),
    /// Call [`EventSink::publish`](crate::ports::EventSink::publish); answer [`Answer::Announced`].
    Announce(TenantEvent),
    /// Nothing is left to do.
    Finished(Provisioned),
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// What [`Step::Inspect`] found.
    Inspected(SchemaState),
    /// What [`Step::Create`] did.
    Created(Creation),
    /// What [`Step::Migrate`] did.
    Migrated(MigrationReport),
    /// [`Step::Record`] is stored.
    Recorded,
    /// [`Step::Record`] was refused, since somebody changed the record in between.
    Stale,
    /// What [`Step::Reload`] found.
    Reloaded(Box<Tenant>),
    /// [`Step::Announce`] is done.
    Announced,
}

impl Answer {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Inspected(_) => "inspected",
            Self::Created(_) => "created",
            Self::Migrated(_) => "migrated",
            Self::Recorded => "recorded",
            Self::Stale => "stale",
            Self::Reloaded(_) => "reloaded",
            Self::Announced => "announced",
        }
    }
}

/// How provisioning ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provisioned {
    /// This run made the tenant ready.
    Done {
        /// The tenant, active now.
        tenant: Box<Tenant>,
        /// The migrations that this run applied; none if an earlier run had died after them.
        applied: Vec<String>,
    },
    /// The tenant was ready already, or another run made it so: this one did nothing.
    AlreadyDone {
        /// The tenant as it is recorded.
        tenant: Box<Tenant>,
    },
}

impl Provisioned {
    /// The tenant, which is provisioned.
    pub fn tenant(&self) -> &Tenant {
        match self {
            Self::Done { tenant, .. } | Self::AlreadyDone { tenant } => tenant,
        }
    }
}

impl Provisioning {
    /// Begins a run for `tenant`, as it was just read.
    ///
    /// # Errors
    /// [`ProvisioningError::Refused`], if it is deleted.
    pub fn begin(tenant: Tenant, actor: Actor) -> Result<Self, ProvisioningError> {
        refuse_deleted(&tenant)?;
        Ok(Self {
            tenant,
            actor,
            applied: Vec::new(),
            state: State::Inspecting,
        })
    }

    /// What to do next. Asking twice gives the same step.
    pub fn poll_step(&self) -> Step {
        let schema = self.tenant.schema();
        match &self.state {
            State::Inspecting => Step::Inspect(schema),
            State::Creating => Step::Create(schema),
            State::Migrating => Step::Migrate(schema),
            State::Recording(decision) => Step::Record {
                tenant: Box::new(decision.tenant.clone()),
                expected: self.tenant.version(),
            },
            State::Reloading => Step::Reload(self.tenant.id()),
            State::Announcing(event) => Step::Announce(event.clone()),
            State::Finished(found) => Step::Finished(self.outcome(*found)),
        }
    }

    /// Takes the answer to the step that [`Provisioning::poll_step`] gave, at the time `now`.
    ///
    /// # Errors
    /// [`ProvisioningError`], if provisioning can't go on, or the answer is to another step.
    pub fn handle(&mut self, answer: Answer, now: DateTime<Utc>) -> Result<(), ProvisioningError> {
        self.state = match (&self.state, answer) {
            (State::Inspecting, Answer::Inspected(found)) => self.after_inspection(found, now)?,
            (State::Creating, Answer::Created(Creation::Made(report)))
            | (State::Migrating, Answer::Migrated(report)) => {
                let next = self.record(now)?;
                self.applied.extend(report.applied);
                next
            }
            (State::Creating, Answer::Created(Creation::AlreadyThere)) => State::Inspecting,
            (State::Recording(decision), Answer::Recorded) => {
                let Decision { tenant, event } = (**decision).clone();
                self.tenant = tenant;
                State::Announcing(event)
            }
            (State::Recording(_), Answer::Stale) => State::Reloading,
            (State::Reloading, Answer::Reloaded(tenant)) => self.after_reload(*tenant, now)?,
            (State::Announcing(_), Answer::Announced) => State::Finished(Found::Unprovisioned),
            (_, answer) => {
                return Err(ProvisioningError::OutOfStep {
                    answer: answer.as_str(),
                });
            }
        };
        Ok(())
    }

    fn after_inspection(
        &self,
        found: SchemaState,
        now: DateTime<Utc>,
    ) -> Result<State, ProvisioningError> {
        let schema = self.tenant.schema();
        match (found, self.tenant.provisioned_at()) {
            (SchemaState::Foreign { mark }, _) => Err(ProvisioningError::Foreign { schema, mark }),
            (SchemaState::Missing, Some(_)) => Err(ProvisioningError::Vanished { schema }),
            (SchemaState::Missing, None) => Ok(State::Creating),
            (SchemaState::Ours { .. }, Some(_)) => Ok(State::Finished(Found::Provisioned)),
            (SchemaState::Ours { pending }, None) if pending.is_empty() => self.record(now),
            (SchemaState::Ours { .. }, None) => Ok(State::Migrating),
        }
    }

    fn after_reload(
        &mut self,
        tenant: Tenant,
        now: DateTime<Utc>,
    ) -> Result<State, ProvisioningError> {
        if tenant.id() != self.tenant.id() {
            return Err(ProvisioningError::OutOfStep { answer: "reloaded" });
        }
        refuse_deleted(&tenant)?;
        self.tenant = tenant;
        match self.tenant.provisioned_at() {
            Some(_) => Ok(State::Finished(Found::Provisioned)),
            None => self.record(now),
        }
    }

    fn record(&self, now: DateTime<Utc>) -> Result<State, ProvisioningError> {
        let decision = lifecycle::decide(&self.tenant, Command::MarkProvisioned, &self.actor, now)?;
        Ok(State::Recording(Box::new(decision)))
    }

    fn outcome(&self, found: Found) -> Provisioned {
        let tenant = Box::new(self.tenant.clone());
        match found {
            Found::Unprovisioned => Provisioned::Done {
                tenant,
                applied: self.applied.clone(),
            },
            Found::Provisioned => Provisioned::AlreadyDone { tenant },
        }
    }
}

fn refuse_deleted(tenant: &Tenant) -> Result<(), ProvisioningError> {
    if tenant.status() == TenantStatus::Deleted {
        let (slug, status) = (*tenant.slug(), tenant.status());
        return Err(Refused {
            slug,
            status,
            command: "provision",
        }
        .into());
    }
    Ok(())
}

/// Why provisioning can't go on. What was done so far is left for a later run to find.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisioningError {
    /// The tenant's status doesn't allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The tenant was provisioned, but its schema is gone. An empty one in its place would hide the loss.
    #[error(
        "schema {schema} was provisioned and is gone: restore it from a backup, or suspend, delete and purge the tenant"
    )]
    Vanished {
        /// Which.
        schema: TenantSchema,
    },
    /// Somebody else's schema has the name.
    #[error("schema {schema} isn't ours: it {mark}; rename it or choose another slug")]
    Foreign {
        /// Which.
        schema: TenantSchema,
        /// What its mark says.
        mark: Mark,
    },
    /// The driver broke its rule: it gave an answer to a step that wasn't asked for.
    #[error("the driver answered \"{answer}\" to another step: one step, one answer")]
    OutOfStep {
        /// The answer that it gave.
        answer: &'static str,
    },
}
