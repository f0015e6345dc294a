//! The mark that says whose a schema is: a comment on it.

use tenantry::TenantId;
use tenantry::ports::Mark;

/// What the comment on a tenant's schema begins with. The tenant's id follows, and nothing else.
pub const MARK_PREFIX: &str = "tenantry:tenant=";

/// The comment that the schema of `tenant` carries. It holds no quote, so it can stand in a literal.
///
/// ```
/// use tenantry::TenantId;
/// use tenantry::ports::Mark;
///
/// let id: TenantId = "01890a5d-ac96-774b-bcce-b302099a8057".parse()?;
/// let comment = tenantry_postgres::mark_of(id);
/// assert_eq!(comment, "tenantry:tenant=01890a5d-ac96-774b-bcce-b302099a8057");
/// assert_eq!(tenantry_postgres::read_mark(Some(&comment)), Mark::Tenant(id));
/// # Ok::<(), tenantry::TenantIdError>(())
/// ```
pub fn mark_of(tenant: TenantId) -> String {
    format!("{MARK_PREFIX}{tenant}")
}

/// What a schema's comment says about whose it is.
///
/// Only the exact form counts: a comment that merely contains a mark, or spells the id otherwise, is unreadable.
pub fn read_mark(comment: Option<&str>) -> Mark {
    let Some(comment) = comment.filter(|text| text.starts_with("tenantry:")) else {
        return Mark::None;
    };
    let id = comment
        .strip_prefix(MARK_PREFIX)
        .and_then(|text| text.parse::<TenantId>().ok());
    match id {
        Some(id) if mark_of(id) == comment => Mark::Tenant(id),
        _ => Mark::Unreadable(tenantry::Excerpt::of(comment)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_a_mark() {
        let id: TenantId = "01890a5d-ac96-774b-bcce-b302099a8057"
            .parse()
            .expect("an id");
        let exact = mark_of(id);
        assert_eq!(read_mark(Some(&exact)), Mark::Tenant(id));
        for comment in [
            exact
                .to_uppercase()
                .replace("TENANTRY:TENANT", "tenantry:tenant"),
            format!("{exact} "),
            format!("{MARK_PREFIX}42"),
        ] {
            let read = read_mark(Some(&comment));
            assert!(matches!(read, Mark::Unreadable(_)), "{comment}: {read:?}");
        }
        for comment in [None, Some(""), Some("the accounts of Acme")] {
            assert_eq!(read_mark(comment), Mark::None);
        }
    }
}
