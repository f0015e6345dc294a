use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use chrono::SubsecRound;
use tenantry::ports::{RepositoryError, TenantKey, TenantRepository};
use tenantry::{
    Cursor, Page, PageRequest, PageSize, Settings, Slug, Tenant, TenantFilter, TenantId,
    TenantName, TenantParts, TenantStatus, Version,
};
use tenantry_memory::MemoryTenantRepository;

use super::fault::Fault;
use super::search;

/// The memory adapter's repository with a fault.
pub(crate) struct FaultyRepository {
    inner: MemoryTenantRepository,
    fault: Option<Fault>,
    second: Mutex<Vec<Tenant>>,
    cached: Mutex<BTreeMap<TenantId, (Tenant, usize)>>,
    shown: Mutex<BTreeMap<TenantId, usize>>,
}

impl FaultyRepository {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        Self {
            inner: MemoryTenantRepository::new(),
            fault,
            second: Mutex::default(),
            cached: Mutex::default(),
            shown: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    async fn everybody(&self) -> Vec<Tenant> {
        let mut all = Vec::new();
        let mut request = Some(PageRequest::first(PageSize::new(500).unwrap()));
        while let Some(page) = request {
            let found = self.inner.list(&TenantFilter::default(), page).await;
            let found = found.unwrap();
            all.extend(found.items);
            request = found.next.map(|next| page.at(next));
        }
        all
    }

    /// The tenant as it was when it was read first, or, every few times, as it is.
    fn cached(&self, found: Tenant) -> Tenant {
        const KEPT_FOR: usize = 3;
        let mut cached = self.cached.lock().unwrap();
        let entry = cached
            .entry(found.id())
            .or_insert_with(|| (found.clone(), 0));
        entry.1 += 1;
        if entry.1 > KEPT_FOR {
            *entry = (found, 0);
        }
        entry.0.clone()
    }

    /// The tenant as a careless store keeps it.
    fn kept(&self, tenant: &Tenant) -> Tenant {
        let mut parts = tenant.clone().into_parts();
        match self.fault {
            Some(Fault::NamesLoseLetters) => parts.name = ascii(&parts),
            Some(Fault::SettingsLoseNulls) => {
                let mut value = parts.settings.to_value();
                let map = value.as_object_mut().unwrap();
                map.retain(|_, value| !value.is_null());
                parts.settings = Settings::new(value).unwrap();
            }
            Some(Fault::TimesLoseDigits) => {
                parts.created_at = parts.created_at.trunc_subsecs(3);
                parts.provisioned_at = parts.provisioned_at.map(|time| time.trunc_subsecs(3));
            }
            _ => {}
        }
        Tenant::restore(parts).unwrap()
    }

    /// Whether a change to this is never stored.
    fn forgets(&self, tenant: &Tenant) -> bool {
        match self.fault {
            Some(Fault::UpdateForgets) => true,
            Some(Fault::SuspensionForgets) => tenant.status() == TenantStatus::Suspended,
            Some(Fault::DeletionForgets) => tenant.status() == TenantStatus::Deleted,
            _ => false,
        }
    }

    /// The tenant as a store keeps it whose update doesn't write every column.
    async fn updated(&self, tenant: &Tenant) -> Tenant {
        let kept = self.kept(tenant);
        let Ok(stored) = self.inner.find(tenant.id()).await else {
            return kept;
        };
        let mut parts = kept.into_parts();
        match self.fault {
            Some(Fault::NameIsStoredOnce) => parts.name = stored.name().clone(),
            Some(Fault::SettingsAreStoredOnce) => parts.settings = stored.settings().clone(),
            Some(Fault::VersionIsStoredOnce) => parts.version = stored.version(),
            Some(Fault::ReadyIsSuspended)
                if (stored.status(), parts.status)
                    == (TenantStatus::Pending, TenantStatus::Active) =>
            {
                parts.status = TenantStatus::Suspended;
            }
            _ => {}
        }
        Tenant::restore(parts).unwrap()
    }

    fn without_type(&self, error: RepositoryError) -> RepositoryError {
        match error {
            RepositoryError::NotFound { .. } if self.has(Fault::NotFoundHasNoType) => {
                RepositoryError::Failed {
                    source: "no rows".into(),
                }
            }
            error => error,
        }
    }

    async fn version_to_expect(&self, id: TenantId, expected: Version) -> Version {
        if self.has(Fault::StaleIsAccepted) {
            let stored = self.inner.find(id).await;
            stored.map_or(expected, |stored| stored.version())
        } else {
            expected
        }
    }
}

fn ascii(parts: &TenantParts) -> TenantName {
    let name: String = parts
        .name
        .as_str()
        .chars()
        .map(|character| if character.is_ascii() { character } else { '?' })
        .collect();
    TenantName::new(name).unwrap()
}

#[async_trait]
impl TenantRepository for FaultyRepository {
    async fn insert(&self, tenant: &Tenant) -> Result<(), RepositoryError> {
        if self.has(Fault::InsertForgets) {
            return Ok(());
        }
        let kept = self.kept(tenant);
        match (self.fault, self.inner.insert(&kept).await) {
            (
                Some(Fault::SlugIsGivenTwice),
                Err(RepositoryError::AlreadyExists {
                    key: TenantKey::Slug(_),
                }),
            ) => {
                self.second.lock().unwrap().push(kept);
                Ok(())
            }
            (Some(Fault::IdIsGivenTwice), Err(RepositoryError::AlreadyExists { .. })) => {
                if let Ok(old) = self.inner.find(kept.id()).await {
                    self.inner.remove(old.id(), old.version()).await?;
                }
                self.inner.insert(&kept).await
            }
            (Some(Fault::RefusedInsertReplaces), Err(refused)) => {
                let old = self.inner.find_by_slug(kept.slug()).await?;
                self.inner.remove(old.id(), old.version()).await?;
                self.inner.insert(&kept).await?;
                Err(refused)
            }
            (_, answer) => answer,
        }
    }

    async fn find(&self, id: TenantId) -> Result<Tenant, RepositoryError> {
        let second = self.second.lock().unwrap().clone();
        if let Some(second) = second.into_iter().find(|second| second.id() == id) {
            return Ok(second);
        }
        let found = self.inner.find(id).await;
        match (self.fault, found) {
            (Some(Fault::ReadsAreCached), Ok(found)) => Ok(self.cached(found)),
            (Some(Fault::FindsAnybody), Err(error)) => {
                self.everybody().await.into_iter().next().ok_or(error)
            }
            (_, found) => found.map_err(|error| self.without_type(error)),
        }
    }

    async fn find_by_slug(&self, slug: &Slug) -> Result<Tenant, RepositoryError> {
        match (self.fault, self.inner.find_by_slug(slug).await) {
            (Some(Fault::FindsAnybody), Err(error)) => {
                self.everybody().await.into_iter().next().ok_or(error)
            }
            (_, found) => found.map_err(|error| self.without_type(error)),
        }
    }

    async fn list(
        &self,
        filter: &TenantFilter,
        page: PageRequest,
    ) -> Result<Page<Tenant>, RepositoryError> {
        let mut found = self.everybody().await;
        found.retain(|tenant| search::matches(self.fault, filter, tenant));
        if self.has(Fault::ListsBySlug) {
            found.sort_by_key(|tenant| *tenant.slug());
        }
        let after = page.after.map(|cursor| cursor.last_seen());
        let begin = match after {
            None => 0,
            Some(last) if self.has(Fault::PagesCount) => self.shown.lock().unwrap()[&last],
            Some(last) => {
                let position = found.iter().position(|tenant| tenant.id() == last);
                let next = found.iter().position(|tenant| tenant.id() > last);
                position
                    .map(|position| position + 1)
                    .or(next)
                    .unwrap_or(found.len())
            }
        };
        let skipped = usize::from(self.has(Fault::PageSkipsOne) && begin > 0);
        let begin = (begin + skipped).min(found.len());
        let rest = found.split_off(begin);
        let mut answer = Page::from_lookahead(rest, page.size);
        if let Some(next) = answer.next {
            let shown = begin + answer.items.len();
            self.shown.lock().unwrap().insert(next.last_seen(), shown);
        }
        // A page without tenants says so once only, or following the pages would never end.
        let is_first = page.after.is_none();
        if self.has(Fault::PageAlwaysHasNext) && (is_first || !answer.items.is_empty()) {
            let last = answer.items.last().map(Tenant::id);
            let nobody = TenantId::from_parts(chrono::DateTime::UNIX_EPOCH, [0; 10]);
            answer.next = Some(Cursor::after(last.or(after).unwrap_or(nobody)));
        }
        Ok(answer)
    }

    async fn update(&self, tenant: &Tenant, expected: Version) -> Result<(), RepositoryError> {
        if self.forgets(tenant) {
            return Ok(());
        }
        let expected = self.version_to_expect(tenant.id(), expected).await;
        let kept = self.updated(tenant).await;
        match (self.fault, self.inner.update(&kept, expected).await) {
            (Some(Fault::UpdateInserts), Err(RepositoryError::NotFound { .. })) => {
                self.inner.insert(&kept).await
            }
            (Some(Fault::UpdateMoves), Ok(())) => {
                self.inner.remove(kept.id(), kept.version()).await?;
                self.inner.insert(&kept).await
            }
            (_, answer) => answer.map_err(|error| self.without_type(error)),
        }
    }

    async fn remove(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        if self.has(Fault::RemoveForgets) {
            return self.inner.find(id).await.map(drop);
        }
        let expected = self.version_to_expect(id, expected).await;
        match (self.fault, self.inner.remove(id, expected).await) {
            (Some(Fault::RemovesNobody), Err(RepositoryError::NotFound { .. })) => Ok(()),
            (_, answer) => answer.map_err(|error| self.without_type(error)),
        }
    }
}
