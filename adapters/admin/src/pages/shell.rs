//! What is around every page.

use tenantry::{Slug, Tenant};

use super::assets;
use super::preferences::Theme;
use super::visit::Visit;
use crate::access::Right;

/// Which page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// None that the list of places has.
    Nowhere,
    Overview,
    Tenants,
    Jobs,
    Audit,
    Tenant(Section),
}

/// Which page about a tenant it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Record,
    Usage,
    Tables,
    Members,
    Domains,
    Jobs,
    Cache,
    Audit,
}

impl Section {
    const ALL: [Self; 8] = [
        Self::Record,
        Self::Usage,
        Self::Tables,
        Self::Members,
        Self::Domains,
        Self::Jobs,
        Self::Cache,
        Self::Audit,
    ];

    /// Its path below the tenant's.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Record => "",
            Self::Usage => "/usage",
            Self::Tables => "/tables",
            Self::Members => "/members",
            Self::Domains => "/domains",
            Self::Jobs => "/jobs",
            Self::Cache => "/cache",
            Self::Audit => "/audit",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Record => "Record",
            Self::Usage => "Usage",
            Self::Tables => "Tables",
            Self::Members => "Members",
            Self::Domains => "Domains",
            Self::Jobs => "Jobs",
            Self::Cache => "Cache",
            Self::Audit => "Audit log",
        }
    }

    /// Whether the host has it, and the operator may see it.
    fn is_offered(self, visit: &Visit) -> bool {
        let admin = &visit.admin;
        match self {
            Self::Record => true,
            Self::Usage => admin.usage.is_some(),
            Self::Tables => admin.browser.is_some() && visit.operator.may(Right::Browse),
            Self::Members => admin.members.is_some(),
            Self::Domains => admin.domains.is_some(),
            Self::Jobs => admin.jobs.is_some(),
            Self::Cache => admin.cache.is_some(),
            Self::Audit => admin.audit.is_some(),
        }
    }

    /// The section of that name, as the switch to another tenant names it.
    pub(super) fn of(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|section| section.path().trim_start_matches('/') == name)
            .unwrap_or(Self::Record)
    }
}

/// The frame of a page.
pub(super) struct Shell {
    visit: Visit,
    place: Place,
    pub(super) theme: Theme,
    pub(super) csrf: String,
    pub(super) here: String,
    pub(super) tenant: Option<Tenant>,
    pub(super) notice: Option<&'static str>,
}

/// Some of the places, under a title.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) links: Vec<Link>,
}

/// A place.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) text: &'static str,
    pub(super) current: bool,
}

impl Shell {
    pub(super) fn new(visit: Visit, place: Place, tenant: Option<Tenant>) -> Self {
        Self {
            place,
            theme: visit.theme,
            csrf: visit.csrf.clone().unwrap_or_default(),
            here: visit.here.clone(),
            tenant,
            notice: visit.notice(),
            visit,
        }
    }

    /// The address of a page.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.visit.base)
    }

    /// The address of a page about a tenant.
    pub(super) fn tenant_at(&self, slug: &Slug, path: &str) -> String {
        self.visit.tenant_at(slug, path)
    }

    /// The address of a style sheet or script.
    pub(super) fn asset(&self, name: &str) -> String {
        self.at(&assets::path_of(name))
    }

    /// Who is signed in.
    pub(super) fn operator(&self) -> &str {
        self.visit.operator.actor().as_str()
    }

    /// Which page about another tenant is like this one.
    pub(super) fn section(&self) -> &'static str {
        match self.place {
            Place::Tenant(section) => section.path().trim_start_matches('/'),
            _ => "",
        }
    }

    /// The places that the host has and the operator may see.
    pub(super) fn groups(&self) -> Vec<Group> {
        let fleet = Group {
            title: "All tenants".into(),
            links: self.everywhere(),
        };
        let tenant = self.tenant.as_ref().map(|tenant| Group {
            title: tenant.slug().to_string(),
            links: Section::ALL
                .into_iter()
                .filter(|section| section.is_offered(&self.visit))
                .map(|section| Link {
                    href: self.tenant_at(tenant.slug(), section.path()),
                    text: section.title(),
                    current: self.place == Place::Tenant(section),
                })
                .collect(),
        });
        [Some(fleet), tenant].into_iter().flatten().collect()
    }

    fn everywhere(&self) -> Vec<Link> {
        let admin = &self.visit.admin;
        let of_all = self.visit.operator.tenants().is_none();
        let places = [
            (admin.usage.is_some(), "", "Overview", Place::Overview),
            (true, "/tenants", "Tenants", Place::Tenants),
            (admin.jobs.is_some() && of_all, "/jobs", "Jobs", Place::Jobs),
            (
                admin.audit.is_some() && of_all,
                "/audit",
                "Audit log",
                Place::Audit,
            ),
        ];
        let offered = places.into_iter().filter(|(offered, ..)| *offered);
        offered
            .map(|(_, path, text, place)| self.link(path, text, place))
            .collect()
    }

    fn link(&self, path: &str, text: &'static str, place: Place) -> Link {
        Link {
            href: self.at(path),
            text,
            current: self.place == place,
        }
    }
}
