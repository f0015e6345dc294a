use tenantry::TenantContext;
use tenantry::ports::{ScopeError, ScopeMode, TenantScopes};

use crate::{SharedConnection, TenantConnection, TenantPool};

impl TenantScopes for TenantPool {
    type Tenant = TenantConnection;
    type Shared = SharedConnection;

    fn in_tenant<T, E>(
        &self,
        context: &TenantContext,
        mode: ScopeMode,
        work: impl FnOnce(&mut TenantConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        match mode {
            ScopeMode::Transaction => self.tenant(context, work),
            ScopeMode::Session => {
                let mut session = self.session(context).map_err(E::from)?;
                work(&mut session).map_err(|error| {
                    let explanation = session.explanation();
                    explanation.map_or(error, E::from)
                })
            }
        }
    }

    fn in_shared<T, E>(
        &self,
        work: impl FnOnce(&mut SharedConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<ScopeError>,
    {
        self.shared(work)
    }
}
