//! Style sheets and scripts: built in, and served at addresses that hold a hash of their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tenantry::Digest;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

static ASSETS: LazyLock<[Asset; 6]> = LazyLock::new(|| {
    [
        Asset::new(
            "app.css",
            STYLE,
            concat!(
                include_str!("../../assets/tokens.css"),
                include_str!("../../assets/layout.css"),
                include_str!("../../assets/parts.css"),
            ),
        ),
        Asset::new("app.js", SCRIPT, include_str!("../../assets/app.js")),
        Asset::new(
            "icon.svg",
            "image/svg+xml",
            include_str!("../../assets/icon.svg"),
        ),
        Asset::new(
            "htmx.js",
            SCRIPT,
            include_str!("../../assets/vendor/htmx.min.js"),
        ),
        Asset::new(
            "uplot.js",
            SCRIPT,
            include_str!("../../assets/vendor/uPlot.iife.min.js"),
        ),
        Asset::new(
            "uplot.css",
            STYLE,
            include_str!("../../assets/vendor/uPlot.min.css"),
        ),
    ]
});

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
    hash: String,
}

impl Asset {
    /// Twelve hexadecimal digits tell two versions of one file apart.
    const DIGITS: usize = 12;

    fn new(name: &'static str, kind: &'static str, content: &'static str) -> Self {
        let mut hash = Digest::of(&[content.as_bytes()]).to_string();
        hash.truncate(Self::DIGITS);
        Self {
            name,
            kind,
            content,
            hash,
        }
    }
}

/// Where an asset is, below the dashboard. What isn't built in has no address.
pub(super) fn path_of(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map_or_else(String::new, |asset| {
        format!("/assets/{}/{}", asset.hash, asset.name)
    })
}

/// Serves an asset to anybody: there is nothing in it that the source doesn't show.
pub(super) async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == name && asset.hash == hash);
    let Some(asset) = asset else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, asset.content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_an_address_of_its_own_and_what_is_none_has_no_address() {
        let mut paths: Vec<_> = ASSETS.iter().map(|asset| path_of(asset.name)).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), ASSETS.len());
        assert!(paths.iter().all(|path| path.starts_with("/assets/")));
        assert_eq!(path_of("none.js"), "");
    }

    #[test]
    fn the_vendored_files_are_those_of_the_list() {
        let list = include_str!("../../assets/README.md");
        let listed = list
            .lines()
            .filter(|line| line.starts_with("| `vendor/") && line.contains("dist/"));
        let mut compared = 0;
        for line in listed {
            let quoted: Vec<_> = line.split('`').collect();
            let (file, sum) = (quoted[1], quoted[quoted.len() - 2]);
            let path = format!("{}/assets/{file}", env!("CARGO_MANIFEST_DIR"));
            let content = std::fs::read(path).expect("it is there");
            assert_eq!(Digest::of(&[&content]).to_string(), sum, "{file}");
            compared += 1;
        }
        assert_eq!(compared, 3, "htmx, and two of uPlot");
    }
}
