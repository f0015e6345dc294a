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

    /// A key that there never is, on the same node.
    pub(crate) fn nothing(&self) -> String {
        format!("nothing:{{{}}}", self.tag)
    }

    /// The keys that every script with books takes first.
    pub(crate) fn books(&self) -> [String; 3] {
        let tag = &self.tag;
        [
            format!("budget:{{{tag}}}:expiries"),
            format!("budget:{{{tag}}}:sizes"),
            format!("generations:{{{tag}}}"),
        ]
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
