use alloc::string::String;
use core::fmt;

use super::{CacheKey, KeyPattern, Namespace, NamespaceError};
use crate::{Excerpt, TenantContext, TenantId};

/// Whose an entry of the cache is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CacheOwner {
    /// This tenant's.
    Tenant(TenantId),
    /// Nobody's in particular, on purpose.
    Shared,
}

impl fmt::Display for CacheOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(id) => write!(f, "tenant {id}"),
            Self::Shared => f.write_str("the shared cache"),
        }
    }
}

/// All keys of one owner in one namespace: the pure rule by which a host's key becomes a stored one.
///
/// ```text
///  tenant:{01890a5d-…}:sessions:web:user%3A42
///  └─ the owner ──────┘ └─ namespaces ┘ └─ the key, with % and : escaped in each part
/// ```
///
/// The parts can be read back by splitting at `:`, and no escaped part holds one, so the rule is one-to-one: entries of
/// two owners, of two namespaces, or with two keys never meet. The owner's id in braces is what a Redis cluster
/// chooses the node by, so that a tenant's entries stay together.
///
/// There is no key space without an owner, and a tenant's is made of a [`TenantContext`] only.
///
/// ```
/// # use tenantry::{Actor, Settings, Slug, Tenant, TenantContext, TenantId, TenantName};
/// use tenantry::cache::{CacheKey, KeySpace, Namespace};
///
/// let space = KeySpace::shared().nested(&Namespace::new("rates")?)?;
/// assert_eq!(space.key(&CacheKey::new("eur:usd")?).as_str(), "shared:{shared}:rates:eur%3Ausd");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySpace {
    owner: CacheOwner,
    depth: usize,
    prefix: String,
}

impl KeySpace {
    /// The outermost space of the context's tenant.
    pub fn of(context: &TenantContext) -> Self {
        Self::owned_by(CacheOwner::Tenant(context.id()))
    }

    /// The outermost space of what belongs to no tenant, on purpose.
    pub fn shared() -> Self {
        Self::owned_by(CacheOwner::Shared)
    }

    /// Not for hosts: an id alone must be no way to make a key.
    pub(super) fn owned_by(owner: CacheOwner) -> Self {
        let prefix = match owner {
            CacheOwner::Tenant(id) => alloc::format!("tenant:{{{id}}}:"),
            CacheOwner::Shared => "shared:{shared}:".into(),
        };
        Self {
            owner,
            depth: 0,
            prefix,
        }
    }

    /// A namespace inside this one.
    ///
    /// # Errors
    /// [`NamespaceError::TooDeep`], beyond [`Namespace::MAX_DEPTH`] levels.
    pub fn nested(&self, namespace: &Namespace) -> Result<Self, NamespaceError> {
        if self.depth == Namespace::MAX_DEPTH {
            return Err(NamespaceError::TooDeep {
                namespace: Excerpt::of(namespace.as_str()),
            });
        }
        let mut prefix = self.prefix.clone();
        escape(namespace.as_str().chars(), &mut prefix);
        prefix.push(':');
        Ok(Self {
            owner: self.owner,
            depth: self.depth + 1,
            prefix,
        })
    }

    /// Whose the keys are.
    pub fn owner(&self) -> CacheOwner {
        self.owner
    }

    /// What the stored keys of this space, and of those nested in it, begin with. Nothing else begins so.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The stored key of a host's key.
    pub fn key(&self, key: &CacheKey) -> StoredKey {
        let escaped = key.as_str().bytes().filter(|byte| b"%:".contains(byte));
        let length = self.prefix.len() + key.as_str().len() + 2 * escaped.count();
        let mut text = String::with_capacity(length);
        text.push_str(&self.prefix);
        escape(key.as_str().chars(), &mut text);
        StoredKey {
            owner: self.owner,
            text,
        }
    }

    /// Whether a stored key is of this space or of one nested in it.
    pub fn contains(&self, stored: &str) -> bool {
        stored.starts_with(&self.prefix)
    }

    /// The host's key of a stored one, if it is of this space itself: those of nested ones have a key there.
    pub fn key_of(&self, stored: &str) -> Option<CacheKey> {
        let part = stored.strip_prefix(&self.prefix)?;
        CacheKey::new(unescape(part)?).ok()
    }

    /// A stored key that was found, if it is of this space itself and the pattern means it.
    pub fn find(&self, pattern: &KeyPattern, stored: &str) -> Option<StoredKey> {
        let key = self.key_of(stored)?;
        pattern.matches(key.as_str()).then(|| StoredKey {
            owner: self.owner,
            text: stored.into(),
        })
    }

    /// What the stored keys begin with that the pattern means: all that an adapter's index needs to know. What is
    /// found by it still has to go through [`find`](Self::find).
    pub fn start_of(&self, pattern: &KeyPattern) -> String {
        let mut start = self.prefix.clone();
        escape(pattern.literal_start(), &mut start);
        start
    }
}

/// The whole name of an entry in the store. Only a [`KeySpace`] makes one, so there is none without an owner.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredKey {
    owner: CacheOwner,
    text: String,
}

impl StoredKey {
    /// Whose it is.
    pub fn owner(&self) -> CacheOwner {
        self.owner
    }

    /// The name in the store.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Excerpt::of(&self.text), f)
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredKey({self})")
    }
}

fn escape(characters: impl Iterator<Item = char>, into: &mut String) {
    for character in characters {
        match character {
            '%' => into.push_str("%25"),
            ':' => into.push_str("%3A"),
            other => into.push(other),
        }
    }
}

/// The part that was escaped to `part`, if there is one: it must be what [`escape`] writes, to the letter.
fn unescape(part: &str) -> Option<String> {
    let mut text = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find(['%', ':']) {
        let (plain, escaped) = rest.split_at(at);
        text.push_str(plain);
        let (character, after) = match escaped.strip_prefix("%25") {
            Some(after) => ('%', after),
            None => (':', escaped.strip_prefix("%3A")?),
        };
        text.push(character);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}
