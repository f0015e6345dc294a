use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;

/// The path and query as they came, in the extensions of a request whose path named its tenant. With axum, the extractor
/// `OriginalUri` tells it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalPath(pub PathAndQuery);

/// Whether a router has looked at the path already, so that nothing that is done to it matters any more.
pub(super) fn was_matched(parts: &Parts) -> bool {
    #[cfg(feature = "axum")]
    let matched = parts
        .extensions
        .get::<axum::extract::MatchedPath>()
        .is_some();
    #[cfg(not(feature = "axum"))]
    let matched = {
        // No router that is known here.
        let _ = parts;
        false
    };
    matched
}

/// Puts `rest` in the place of the path. The query stays.
pub(super) fn shorten(parts: &mut Parts, rest: &str) {
    let text = match parts.uri.query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    // It is the end of a path that was parsed before, behind a slash; what can't be parsed is left as it came.
    let Ok(path_and_query) = PathAndQuery::try_from(text) else {
        return;
    };
    let mut pieces = parts.uri.clone().into_parts();
    let original = pieces.path_and_query.replace(path_and_query);
    let Ok(shorter) = Uri::from_parts(pieces) else {
        return;
    };
    #[cfg(feature = "axum")]
    if parts
        .extensions
        .get::<axum::extract::OriginalUri>()
        .is_none()
    {
        parts
            .extensions
            .insert(axum::extract::OriginalUri(parts.uri.clone()));
    }
    parts.uri = shorter;
    if let Some(original) = original {
        parts.extensions.insert(OriginalPath(original));
    }
}
