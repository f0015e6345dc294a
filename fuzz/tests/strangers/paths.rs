use tenantry::resolution::{PathPrefix, RequestFacts, Source, TenantReference};
use tenantry_fuzz::mutated;

use crate::{TEXTS, Through, resolver, seeds};

static THROUGH: Through = Through::none();

#[test]
fn a_path_is_taken_apart_without_loss_and_its_rest_leads_nowhere_else() {
    let seeds = seeds("paths");
    let behind = |prefix| resolver([Source::Path(prefix)]);
    let resolvers = [
        ("/t", behind(PathPrefix::new("/t").unwrap())),
        ("", behind(PathPrefix::none())),
    ];
    bolero::check!(name = "paths")
        .with_iterations(TEXTS)
        .for_each(|bytes: &[u8]| {
            for path in [bytes, &mutated(&seeds, bytes)] {
                let path = String::from_utf8_lossy(path);
                for (prefix, resolver) in &resolvers {
                    let Ok(resolution) = resolver.resolve(&RequestFacts::new(&path)) else {
                        continue;
                    };
                    let Some(candidate) = resolution.candidate else {
                        assert_eq!(resolution.rest, None);
                        continue;
                    };
                    let TenantReference::Slug(slug) = candidate.key() else {
                        panic!("{path:?} names no slug");
                    };
                    THROUGH.count();
                    let rest = resolution.rest.unwrap();
                    let whole = format!("{prefix}/{slug}{rest}");
                    assert!(
                        whole == path || whole == format!("{path}/"),
                        "{path:?} became {whole:?}"
                    );
                    stays_within(rest);
                }
            }
        });
    THROUGH.must_be_enough();
}

/// However a reader decodes it and takes its slashes.
fn stays_within(rest: &str) {
    assert!(
        rest.starts_with('/') && !rest.starts_with("//") && !rest.starts_with("/\\"),
        "{rest:?}"
    );
    for text in [rest.to_owned(), decoded(rest)] {
        let mut segments = text.split(['/', '\\']);
        assert!(
            !segments.any(|segment| segment == "." || segment == ".."),
            "{rest:?}"
        );
    }
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let plain = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = plain.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            out.push(byte);
            rest = &after[2..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
