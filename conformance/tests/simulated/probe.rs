use std::sync::atomic::Ordering;

use futures_lite::future::block_on;
use serde_json::{Value, json};
use tenantry::TenantContext;
use tenantry::ports::{Mark, SchemaProvider, ScopeError, ScopeMode, TenantScopes};
use tenantry_conformance::{Probe, ProbeError, Residue, Work};
use tenantry_memory::{MemorySchemaProvider, TenantConnection};

use super::fault::Fault;
use super::scopes::Inside;
use super::store::{Store, context};

pub(crate) struct SimulatedProbe<'c> {
    connection: &'c mut TenantConnection,
    inside: Inside,
}

impl<'c> SimulatedProbe<'c> {
    pub(crate) fn new(connection: &'c mut TenantConnection) -> Self {
        Self {
            connection,
            inside: Inside::innermost().expect("a probe is used inside a scope"),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.inside.scopes.store.has(fault)
    }

    fn own(&self) -> &'static str {
        own_table(&self.inside.place)
    }

    /// Does `work` in the shared schema, as if it were on the path.
    fn in_shared<T: Send>(
        &self,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, ScopeError> + Send,
    ) -> Result<T, ScopeError> {
        self.elsewhere(&Store::shared_context(), work)
    }

    fn elsewhere<T: Send>(
        &self,
        place: &TenantContext,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, ScopeError> + Send,
    ) -> Result<T, ScopeError> {
        let memory = &self.inside.scopes.memory;
        std::thread::scope(|scope| {
            scope
                .spawn(|| memory.in_tenant(place, ScopeMode::Session, work))
                .join()
                .unwrap()
        })
    }

    /// Whoever has the schema's name by now, if that is another and rows follow the name.
    fn next_of_the_name(&self) -> Option<TenantContext> {
        if !self.has(Fault::RowsFollowTheName) {
            return None;
        }
        let here = self.inside.place.schema();
        let owner = self.inside.scopes.owner_of(here.name)?;
        (owner.id() != here.tenant).then_some(owner)
    }

    /// Does `work` to the own table of every other schema, the shared one included.
    fn everywhere_else(
        &self,
        work: impl Fn(&mut TenantConnection, &str) -> Result<usize, ScopeError> + Sync,
    ) {
        let store = &self.inside.scopes.store;
        let provider = MemorySchemaProvider::new(store.database.clone(), []);
        for found in block_on(provider.list()).unwrap() {
            if let Mark::Tenant(owner) = found.mark
                && owner != self.inside.place.id()
            {
                let place = context(owner, found.name.slug());
                let own = own_table(&place);
                // A schema in which somebody else is working stays as it is.
                let _ = self.elsewhere(&place, |connection| work(connection, own));
            }
        }
    }

    /// What a statement said, which the scope remembers.
    fn noted<T>(&self, answer: Result<T, ScopeError>) -> Result<T, ScopeError> {
        self.inside.connection.borrow_mut().failed |= answer.is_err();
        answer
    }

    fn planned_sum(&mut self) -> Result<i64, ProbeError> {
        let sum = self.values()?.iter().sum();
        let mut connection = self.inside.connection.borrow_mut();
        let planned = *connection.planned_sum.get_or_insert(sum);
        Ok(if self.has(Fault::PlansAreKept) {
            planned
        } else {
            sum
        })
    }
}

fn own_table(place: &TenantContext) -> &'static str {
    if place.id() == Store::shared_context().id() {
        "notices"
    } else {
        "items"
    }
}

fn add(connection: &mut TenantConnection, table: &str, amount: i64) -> Result<usize, ScopeError> {
    connection.update(table, |row| {
        row["value"] = (row["value"].as_i64().unwrap() + amount).into();
        true
    })
}

pub(crate) fn row(value: i64) -> Value {
    json!({ "value": value })
}

fn values(rows: &[Value]) -> Vec<i64> {
    let mut values: Vec<_> = rows
        .iter()
        .map(|row| row["value"].as_i64().unwrap())
        .collect();
    values.sort_unstable();
    values
}

impl Probe for SimulatedProbe<'_> {
    fn insert(&mut self, value: i64) -> Result<(), ProbeError> {
        let mut connection = self.inside.connection.borrow_mut();
        if connection.residues.contains(&Residue::OpenTransaction) {
            let written = (self.inside.place.clone(), value);
            connection.written.push(written);
            return Ok(());
        }
        connection.rows += 1;
        if connection.rows > 1 && self.has(Fault::OneRowIsKept) {
            return Ok(());
        }
        drop(connection);
        let writer = self.inside.place.id();
        let uncommitted = &self.inside.scopes.store.uncommitted;
        uncommitted.lock().unwrap().push((writer, value));
        match self.next_of_the_name() {
            Some(next) => Ok(self.elsewhere(&next, |c| c.insert("items", row(value)))?),
            None => Ok(self.connection.insert(self.own(), row(value))?),
        }
    }

    fn values(&mut self) -> Result<Vec<i64>, ProbeError> {
        let mut read = values(&self.connection.rows(self.own())?);
        if self.has(Fault::UncommittedIsSeen) {
            let here = self.inside.place.id();
            let uncommitted = self.inside.scopes.store.uncommitted.lock().unwrap();
            let others = uncommitted.iter().filter(|(writer, _)| *writer != here);
            read.extend(others.map(|(_, value)| value));
        }
        Ok(read)
    }

    fn values_of(&mut self, table: &str) -> Result<Vec<i64>, ProbeError> {
        match self.connection.rows(table) {
            Err(_) if self.has(Fault::SharedIsOnThePath) => {
                Ok(values(&self.in_shared(|shared| shared.rows(table))?))
            }
            rows => Ok(values(&self.noted(rows)?)),
        }
    }

    fn tables(&mut self) -> Result<Vec<String>, ProbeError> {
        let mut tables = self.connection.tables()?;
        tables.retain(|table| table != "numbers");
        Ok(tables)
    }

    fn ledger(&mut self) -> Result<Vec<String>, ProbeError> {
        if self.has(Fault::LedgerIsShared) {
            return Ok(vec!["first".into(), "second".into(), "first".into()]);
        }
        Ok(self.connection.ledger()?)
    }

    fn add_to_all(&mut self, amount: i64) -> Result<usize, ProbeError> {
        if self.has(Fault::UpdateReachesAll) {
            self.everywhere_else(|connection, table| add(connection, table, amount));
        }
        Ok(add(self.connection, self.own(), amount)?)
    }

    fn clear(&mut self) -> Result<usize, ProbeError> {
        if self.has(Fault::DeletionReachesAll) {
            self.everywhere_else(|connection, table| connection.delete(table, |_| true));
        }
        Ok(self.connection.delete(self.own(), |_| true)?)
    }

    fn insert_into(&mut self, table: &str, value: i64) -> Result<(), ProbeError> {
        match self.connection.insert(table, row(value)) {
            Err(_) if self.has(Fault::SharedIsOnThePath) => {
                Ok(self.in_shared(|shared| shared.insert(table, row(value)))?)
            }
            answer => Ok(answer?),
        }
    }

    fn next_number(&mut self) -> Result<i64, ProbeError> {
        if self.has(Fault::OneSequence) {
            let sequence = &self.inside.scopes.store.sequence;
            return Ok(sequence.fetch_add(1, Ordering::SeqCst) + 1);
        }
        self.connection.insert("numbers", Value::Null)?;
        let given = self.connection.rows("numbers")?.len();
        Ok(i64::try_from(given).unwrap())
    }

    fn sum_by_view(&mut self) -> Result<i64, ProbeError> {
        self.planned_sum()
    }

    fn sum_by_function(&mut self) -> Result<i64, ProbeError> {
        self.planned_sum()
    }

    fn keep_state(&mut self, state: &str) -> Result<Vec<String>, ProbeError> {
        let owner = self.inside.place.id();
        let mut connection = self.inside.connection.borrow_mut();
        let known = *connection.known_type.get_or_insert(owner);
        if known != owner && self.has(Fault::PlansAreKept) {
            return Err(ScopeError::Failed {
                source: "the type is another tenant's".into(),
            }
            .into());
        }
        self.connection.insert("states", state.into())?;
        let rows = self.connection.rows("states")?;
        let mut states: Vec<_> = rows
            .iter()
            .map(|row| row.as_str().unwrap().to_owned())
            .collect();
        states.sort();
        Ok(states)
    }

    fn rolled_back(&mut self, work: Work<'_>) -> Result<(), ProbeError> {
        let inside = self.inside.clone();
        let memory = inside.scopes.memory.clone();
        let keeps = self.has(Fault::SavepointKeeps);
        let ended = memory.in_tenant(&inside.place, ScopeMode::Transaction, |connection| {
            work(&mut SimulatedProbe::new(connection))?;
            if keeps {
                Ok(())
            } else {
                Err(ProbeError::OnPurpose)
            }
        });
        match ended {
            Err(ProbeError::OnPurpose) => Ok(()),
            ended => ended,
        }
    }

    fn connection_id(&mut self) -> Result<u64, ProbeError> {
        Ok(self.inside.connection.borrow().id)
    }

    fn leave_behind(&mut self, residue: Residue) -> Result<(), ProbeError> {
        self.inside.connection.borrow_mut().residues.insert(residue);
        Ok(())
    }

    fn sees(&mut self, residue: Residue) -> Result<bool, ProbeError> {
        Ok(self.inside.connection.borrow().residues.contains(&residue))
    }
}
