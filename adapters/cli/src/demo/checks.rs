use std::time::Instant;

use futures_lite::future::block_on;
use serde_json::json;
use tenantry::ports::RepositoryError;
use tenantry::{
    Actor, ContextRefused, NewTenant, ServiceError, Settings, Slug, Tenant, TenantContext,
    TenantName,
};

use super::store::{Aftermath, DemoStore, Leak, OURS};
use crate::cache::CacheStore;
use crate::error::{CliError, chain};
use crate::output::Output;

const TENANTS: [(&str, &str); 3] = [
    ("demo-acme", "Acme"),
    ("demo-globex", "Globex"),
    ("demo-initech", "Initech"),
];
const UNKNOWN: &str = "demo-hooli";
const NOTES: usize = 3;

/// The checks in their order, each shown as it ends, and how many of them held.
pub(crate) struct Checks<'a, S> {
    pub(super) store: &'a S,
    pub(super) output: &'a mut Output,
    pub(super) actor: Actor,
    caches: &'a [CacheStore],
    passed: usize,
    failed: usize,
}

impl<'a, S: DemoStore> Checks<'a, S> {
    pub(crate) fn new(store: &'a S, caches: &'a [CacheStore], output: &'a mut Output) -> Self {
        Self {
            store,
            caches,
            output,
            actor: Actor::system(),
            passed: 0,
            failed: 0,
        }
    }

    /// How many checks held, and how many didn't.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.passed, self.failed)
    }

    pub(crate) fn run_all(&mut self) -> Result<(), CliError> {
        let tenants = self.provision()?;
        let contexts = self.contexts(&tenants)?;
        self.rows(&contexts)?;
        self.doors(&tenants[2])?;
        self.missing_schema(&contexts[1])?;
        self.carelessness(&contexts)?;
        self.jobs(&contexts)?;
        for caches in self.caches {
            self.caches(caches, &contexts)?;
        }
        self.costs(&contexts[0])
    }

    fn provision(&mut self) -> Result<Vec<Tenant>, CliError> {
        let container = self.store.container();
        self.output.heading(&format!(
            "\nThree tenants, each with a {container} of its own"
        ))?;
        TENANTS
            .iter()
            .map(|(slug, name)| self.provision_one(slug, name))
            .collect()
    }

    fn provision_one(&mut self, slug: &str, name: &str) -> Result<Tenant, CliError> {
        let service = self.store.service();
        let began = Instant::now();
        let (slug, name) = (demo_slug(slug)?, demo_name(name)?);
        let new = NewTenant::new(slug, name).with_settings(Settings::new(json!({ OURS: true }))?);
        let tenant = block_on(service.create(new, &self.actor))?;
        let provisioned = block_on(service.provision(tenant.id(), &self.actor))?;
        let ready = provisioned.tenant().provisioned_at().is_some();
        let (schema, millis) = (tenant.schema().name, began.elapsed().as_millis());
        self.check(
            ready,
            &format!("{slug} has {schema}, with its migrations run, in {millis} ms"),
        )?;
        Ok(provisioned.tenant().clone())
    }

    fn contexts(&self, tenants: &[Tenant]) -> Result<Vec<TenantContext>, CliError> {
        let context = |tenant| TenantContext::of(tenant, self.actor.clone());
        tenants
            .iter()
            .map(context)
            .collect::<Result<_, _>>()
            .map_err(CliError::Context)
    }

    fn rows(&mut self, contexts: &[TenantContext]) -> Result<(), CliError> {
        self.output
            .heading("\nThe same code, the same table name, other rows")?;
        for context in contexts {
            self.store.write(context, &notes_of(context))?;
        }
        for context in contexts {
            let read = self.store.read(context)?;
            let own = read == notes_of(context);
            let text = format!(
                "{} reads its own {NOTES} notes, and no other",
                context.slug()
            );
            self.check(own, &text)?;
        }
        Ok(())
    }

    fn doors(&mut self, tenant: &Tenant) -> Result<(), CliError> {
        self.output.heading("\nRefused at the door")?;
        let service = self.store.service();
        let unknown = block_on(service.find_by_slug(&demo_slug(UNKNOWN)?));
        let refused = matches!(
            unknown,
            Err(ServiceError::Repository(RepositoryError::NotFound { .. }))
        );
        self.check(refused, &format!("an unknown tenant: {}", said(&unknown)))?;
        let suspended = block_on(service.suspend(tenant.id(), &self.actor))?;
        let context = TenantContext::of(&suspended, self.actor.clone());
        let refused = matches!(context, Err(ContextRefused::Suspended { .. }));
        self.check(refused, &format!("a suspended tenant: {}", said(&context)))?;
        let malformed = Slug::new("acme\"; DROP SCHEMA public; --");
        self.check(
            malformed.is_err(),
            &format!("a name that is none: {}", said(&malformed)),
        )
    }

    fn missing_schema(&mut self, context: &TenantContext) -> Result<(), CliError> {
        let schema = context.schema().name;
        self.store.hide(&schema)?;
        let read = self.store.read(context);
        self.store.bring_back(&schema)?;
        let text = format!("a {} that is gone: {}", self.store.container(), said(&read));
        self.check(read.is_err(), &text)
    }

    fn carelessness(&mut self, contexts: &[TenantContext]) -> Result<(), CliError> {
        self.output
            .heading("\nA careless borrower of a connection")?;
        let Leak { how, rows } = self.store.leak_without_tenantry(&contexts[0])?;
        let leaked = rows == notes_of(&contexts[0]);
        let text = format!(
            "without Tenantry, {how}: the next borrower reads {} rows of {}",
            rows.len(),
            contexts[0].slug()
        );
        self.check(leaked, &text)?;
        let Aftermath {
            left,
            seen,
            notes,
            connection,
        } = self.store.careless(&contexts[0], &contexts[1])?;
        let clean = seen.is_empty() && notes == notes_of(&contexts[1]);
        let text = format!(
            "with Tenantry, it leaves {}: the next borrower sees {} ({connection})",
            left.join(", "),
            if seen.is_empty() {
                "nothing of it".to_owned()
            } else {
                seen.join(", ")
            },
        );
        self.check(clean, &text)
    }

    fn costs(&mut self, context: &TenantContext) -> Result<(), CliError> {
        self.output
            .heading("\nWhat a scope costs: one point read, median of 501")?;
        let costs = self.store.costs(context)?;
        let floor = costs.first().map_or(0.0, |cost| cost.median.as_secs_f64());
        for cost in &costs {
            let micros = cost.median.as_secs_f64() * 1e6;
            let ratio = cost.median.as_secs_f64() / floor;
            let text = format!("  {:<52}{micros:>8.1} µs   {ratio:>5.2} ×", cost.way);
            let value = json!({ "way": cost.way, "microseconds": micros, "ratio": ratio });
            self.output.answer(&text, &value)?;
        }
        Ok(())
    }

    pub(super) fn check(&mut self, holds: bool, text: &str) -> Result<(), CliError> {
        if holds {
            self.passed += 1;
            self.output.good(text)?;
        } else {
            self.failed += 1;
            self.output.bad(text)?;
        }
        if self.output.is_json() {
            self.output
                .value(&json!({ "check": text, "holds": holds }))?;
        }
        Ok(())
    }
}

/// The slugs of the demo's tenants, for clearing them away.
pub(crate) fn slugs() -> impl Iterator<Item = &'static str> {
    TENANTS.iter().map(|(slug, _)| *slug)
}

pub(super) fn notes_of(context: &TenantContext) -> Vec<String> {
    (1..=NOTES)
        .map(|number| format!("note {number} of {}", context.slug()))
        .collect()
}

pub(super) fn said<T, E: std::error::Error>(answer: &Result<T, E>) -> String {
    match answer {
        Ok(_) => "let in".to_owned(),
        Err(error) => chain(error).join(": "),
    }
}

fn demo_slug(slug: &str) -> Result<Slug, CliError> {
    Slug::new(slug).map_err(|error| CliError::Service(error.into()))
}

fn demo_name(name: &str) -> Result<TenantName, CliError> {
    TenantName::new(name).map_err(CliError::database)
}
