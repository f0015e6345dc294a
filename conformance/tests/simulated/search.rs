use tenantry::{Tenant, TenantFilter};

use super::fault::Fault;

/// Whether a listing with this fault shows the tenant.
pub(crate) fn matches(fault: Option<Fault>, filter: &TenantFilter, tenant: &Tenant) -> bool {
    let statuses = match fault {
        Some(Fault::StatusIsIgnored) => &[],
        Some(Fault::OneStatusOnly) => &filter.statuses[..filter.statuses.len().min(1)],
        _ => &filter.statuses[..],
    };
    if !statuses.is_empty() && !statuses.contains(&tenant.status()) {
        return false;
    }
    let Some(text) = filter.search.as_deref() else {
        return true;
    };
    let (slug, name) = (tenant.slug().as_str(), tenant.name().as_str());
    let ascii = |field: &str| {
        field
            .to_ascii_lowercase()
            .contains(&text.to_ascii_lowercase())
    };
    match fault {
        Some(Fault::SearchesSlugs) => ascii(slug),
        Some(Fault::SearchesNames) => ascii(name),
        Some(Fault::SearchesExactly) => slug.contains(text) || name.contains(text),
        Some(Fault::SearchesEveryCase) => [slug, name]
            .iter()
            .any(|field| field.to_lowercase().contains(&text.to_lowercase())),
        Some(Fault::SearchesByLike) => [slug, name]
            .iter()
            .any(|field| pattern(&like(text), &characters(field))),
        Some(Fault::SearchesByGlob) => [slug, name]
            .iter()
            .any(|field| pattern(&glob(text), &characters(field))),
        _ => ascii(slug) || ascii(name),
    }
}

fn characters(field: &str) -> Vec<char> {
    field.to_ascii_lowercase().chars().collect()
}

#[derive(Clone, Copy)]
enum Part {
    Any,
    One,
    This(char),
}

/// `LIKE '%text%'`, with the backslash that escapes.
fn like(text: &str) -> Vec<Part> {
    let mut parts = vec![Part::Any];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::This(characters.next().unwrap_or('\\').to_ascii_lowercase()),
            other => Part::This(other.to_ascii_lowercase()),
        });
    }
    parts.push(Part::Any);
    parts
}

fn glob(text: &str) -> Vec<Part> {
    let inner = text.chars().map(|character| match character {
        '*' => Part::Any,
        '?' => Part::One,
        other => Part::This(other.to_ascii_lowercase()),
    });
    std::iter::once(Part::Any)
        .chain(inner)
        .chain([Part::Any])
        .collect()
}

fn pattern(parts: &[Part], text: &[char]) -> bool {
    match parts.split_first() {
        None => text.is_empty(),
        Some((Part::Any, rest)) => (0..=text.len()).any(|begin| pattern(rest, &text[begin..])),
        Some((part, rest)) => text.split_first().is_some_and(|(first, after)| {
            let fits = match part {
                Part::This(character) => character == first,
                _ => true,
            };
            fits && pattern(rest, after)
        }),
    }
}
