use tenantry::cache::CacheOwner;

/// The keys of one owner beside its entries, on the same node as those.
pub(crate) struct OwnerKeys {
    tag: String,
}

impl OwnerKeys {
    pub(crate) fn of(owner: CacheOwner) -> Self {
        let tag = match owner {
            CacheOwner::Tenant(id) => id.to_string(),
            CacheOwner::Shared => "shared".into(),
        };
        Self { tag }
    }

    /// The keys that the books of a budget are under, as every script with books takes them first.
    pub(crate) fn books(&self) -> [String; 2] {
        ["expiries", "sizes"].map(|name| format!("budget:{{{}}}:{name}", self.tag))
    }

    pub(crate) fn generation(&self) -> String {
        format!("generation:{{{}}}", self.tag)
    }
}

/// The pattern of every key that begins so, and of no other.
pub(crate) fn beginning_with(start: &str) -> String {
    let mut pattern = String::with_capacity(start.len() + 1);
    for character in start.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}
