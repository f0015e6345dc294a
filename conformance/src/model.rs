//! Random work of many tenants on many threads, against a model that is plainly right.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tenantry::{Retry, TenantContext};

use crate::behaviours::threads::at_once;
use crate::world::World;
use crate::{Harness, NOTICE, Probe, ProbeError, Verdict, Violation, ensure, ensure_eq};

/// How much random work, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelRun {
    /// How many threads work at once.
    pub threads: usize,
    /// How many tenants they work in.
    pub tenants: usize,
    /// How many connections they share.
    pub connections: u32,
    /// How many scopes are entered, by all threads together.
    pub operations: usize,
    /// Which random numbers: the same seed gives each thread the same work.
    pub seed: u64,
}

impl ModelRun {
    /// The environment variable that the seed is taken from.
    pub const SEED: &str = "TENANTRY_SEED";

    /// Eight threads, fifty tenants and four connections, with the seed that [`ModelRun::SEED`] holds, or a new one.
    pub fn from_env(operations: usize) -> Self {
        let seed = std::env::var(Self::SEED)
            .ok()
            .and_then(|seed| seed.parse().ok())
            .unwrap_or_else(|| fastrand::u64(..));
        Self {
            threads: 8,
            tenants: 50,
            connections: 4,
            operations,
            seed,
        }
    }
}

/// Does the work in a world of its own, and compares every tenant's rows with the model's.
///
/// Each value carries the number of its tenant, so that a row of another is known at sight.
///
/// # Errors
/// What differs, and the seed that repeats it.
pub fn run<H: Harness>(run: &ModelRun) -> Verdict {
    compare::<H>(run).map_err(|violation| {
        Violation::new(format!(
            "{violation}; {}={} repeats it",
            ModelRun::SEED,
            run.seed
        ))
    })
}

fn compare<H: Harness>(run: &ModelRun) -> Verdict {
    let world = World::<H>::with_connections(run.connections);
    let contexts: Result<Vec<_>, _> = (0..run.tenants)
        .map(|number| world.context(&format!("t{number}")))
        .collect();
    let contexts = contexts?;
    let model = Model::default();
    let work = |thread: usize| -> Verdict {
        let mut random = Rng::with_seed(run.seed.wrapping_add(thread as u64));
        for _ in 0..run.operations / run.threads {
            let tenant = random.usize(..contexts.len());
            operate(&world, &contexts[tenant], tenant, &model, &mut random)?;
        }
        Ok(())
    };
    for outcome in at_once(run.threads, work)? {
        outcome?;
    }
    for (tenant, context) in contexts.iter().enumerate() {
        let expected = model.values_of(tenant);
        let values = world.values(context)?;
        ensure_eq!(
            values.iter().sum::<i64>(),
            expected.iter().sum::<i64>(),
            "the sum of {}",
            context.slug()
        );
        ensure_eq!(values, expected, "the rows of {}", context.slug());
    }
    ensure_eq!(world.notices()?, [NOTICE], "the shared rows");
    Ok(())
}

/// One scope of one tenant, which ends well, in failure or in a panic.
fn operate<H: Harness>(
    world: &World<H>,
    context: &TenantContext,
    tenant: usize,
    model: &Model,
    random: &mut Rng,
) -> Verdict {
    let values: Vec<_> = (0..random.usize(1..4))
        .map(|_| value_of(tenant, random))
        .collect();
    let ending = random.u8(..10);
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        let scope = || {
            world.within(context, |probe| {
                for value in &values {
                    probe.insert(*value)?;
                }
                only_own(probe, tenant)?;
                match ending {
                    0 => resume_unwind(Box::new("on purpose")),
                    1 | 2 => Err(ProbeError::OnPurpose),
                    _ => Ok(()),
                }
            })
        };
        match catch_unwind(AssertUnwindSafe(scope)) {
            Ok(Ok(())) => model.insert(tenant, &values),
            Ok(Err(ProbeError::OnPurpose)) | Err(_) => {}
            Ok(Err(ProbeError::Scope(error))) if error.retry() != Retry::Never => {
                ensure!(Instant::now() < deadline, "no way in: {error}");
                continue;
            }
            Ok(Err(error)) => return Err(error.into()),
        }
        return Ok(());
    }
}

/// How far the values of two tenants are apart.
const APART: i64 = 1_000_000;

fn value_of(tenant: usize, random: &mut Rng) -> i64 {
    i64::try_from(tenant).unwrap_or(i64::MAX / APART) * APART + random.i64(1..APART)
}

fn only_own(probe: &mut dyn Probe, tenant: usize) -> Result<(), ProbeError> {
    let stranger = probe
        .values()?
        .into_iter()
        .find(|value| usize::try_from(value / APART).ok() != Some(tenant));
    ensure!(
        stranger.is_none(),
        "tenant {tenant} sees the row {stranger:?}"
    );
    Ok(())
}

#[derive(Default)]
struct Model(Mutex<BTreeMap<usize, Vec<i64>>>);

impl Model {
    fn insert(&self, tenant: usize, values: &[i64]) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.entry(tenant).or_default().extend(values);
    }

    fn values_of(&self, tenant: usize) -> Vec<i64> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut values = rows.get(&tenant).cloned().unwrap_or_default();
        values.sort_unstable();
        values
    }
}
