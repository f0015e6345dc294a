use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tenantry::TenantEvent;
use tenantry::ports::EventSink;

/// A sink that keeps every event, in the order of their publishing, for a test to look at.
#[derive(Debug, Default)]
pub struct RecordedEvents(Mutex<Vec<TenantEvent>>);

impl RecordedEvents {
    /// A sink that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The events so far.
    pub fn all(&self) -> Vec<TenantEvent> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl EventSink for RecordedEvents {
    async fn publish(&self, event: &TenantEvent) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event.clone());
    }
}
