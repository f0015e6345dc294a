use futures_lite::future::block_on;
use tenantry::{SchemaName, Slug, SlugError};

use crate::world::World;
use crate::{Harness, Verdict, ensure, ensure_eq, ensure_matches};

pub(crate) fn a_well_formed_slug_is_taken_as_it_is<H: Harness>() -> Verdict {
    let longest = "x".repeat(Slug::MAX_LENGTH);
    for text in ["ab", "acme-labs", "4711", "a--b", "pg-stats", &longest] {
        let slug = H::slug(text)?;
        ensure_eq!(slug.as_str(), text, "the slug made of it");
        let schema = SchemaName::of(&slug);
        ensure!(
            schema.as_str().len() <= 63,
            "{schema} is longer than 63 bytes"
        );
        ensure_eq!(schema.slug(), slug, "the slug of its schema");
    }
    Ok(())
}

fn refused<H: Harness>(texts: &[&str]) -> Verdict {
    for text in texts {
        ensure_matches!(H::slug(text), Err(_), "{text:?} became a slug");
        let as_schema = SchemaName::parse(&format!("{}{text}", SchemaName::PREFIX));
        let misspelt = text.contains('_') || as_schema.is_err();
        ensure!(misspelt, "{text:?} became a part of a schema name");
    }
    Ok(())
}

pub(crate) fn a_slug_with_a_quote_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["a\"b", "a'b", "a`b", "ab\"", "a\\b", "a$$b"])
}

pub(crate) fn a_slug_with_a_semicolon_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["a;b", "ab; drop schema public cascade", "ab--;"])
}

pub(crate) fn a_slug_with_a_nul_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["a\0b", "ab\0", "\0ab"])
}

pub(crate) fn a_slug_with_a_newline_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["a\nb", "ab\n", "\nab", "a\r\nb"])
}

pub(crate) fn a_slug_with_a_blank_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["a b", " ab", "ab ", "a\tb", "a\u{a0}b", "a\u{200b}b"])
}

pub(crate) fn a_slug_with_an_upper_case_letter_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["Acme", "aCme", "acmE", "ACME"])
}

pub(crate) fn a_slug_with_an_underscore_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["a_b", "_ab", "ab_"])
}

pub(crate) fn a_slug_with_an_outer_hyphen_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["-ab", "ab-", "-", "--"])
}

pub(crate) fn a_slug_with_a_look_alike_letter_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["\u{430}cme", "ac\u{217f}e", "\u{ff41}cme", "acm\u{e9}"])
}

pub(crate) fn a_slug_that_hides_letters_in_punycode_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["xn--cme-7cd", "xn--80ak6aa92e"])
}

pub(crate) fn a_slug_of_57_characters_is_refused_and_not_cut<H: Harness>() -> Verdict {
    let text = "x".repeat(57);
    ensure_matches!(
        H::slug(&text),
        Err(SlugError::TooLong { length: 57, .. }),
        "57 characters"
    );
    refused::<H>(&[&text, &"x".repeat(100_000)])
}

pub(crate) fn a_slug_of_one_character_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&["", "a", "1"])
}

pub(crate) fn a_slug_like_a_system_schema_is_refused<H: Harness>() -> Verdict {
    refused::<H>(&[
        "pg_catalog",
        "pg_toast",
        "pg_temp_1",
        "information_schema",
        "information-schema",
        "public",
    ])
}

pub(crate) fn a_reserved_slug_is_refused<H: Harness>() -> Verdict {
    for text in ["www", "api", "admin", "shared", "postgres", "tenantry"] {
        ensure_matches!(
            H::slug(text),
            Err(SlugError::Reserved { .. }),
            "the reserved {text}"
        );
    }
    Ok(())
}

pub(crate) fn the_longest_schema_name_is_stored_unchanged<H: Harness>() -> Verdict {
    let world = World::<H>::start();
    let tenant = world.active(&"x".repeat(Slug::MAX_LENGTH))?;
    let found = block_on(world.schemas().list())?;
    let names: Vec<_> = found.iter().map(|found| found.name).collect();
    ensure_eq!(names, [tenant.schema().name], "the schemas that are there");
    ensure_eq!(names[0].as_str().len(), 63, "the length of the name");
    Ok(())
}

pub(crate) fn slugs_that_differ_in_the_last_character_have_rows_of_their_own<H: Harness>() -> Verdict
{
    let stem = "x".repeat(Slug::MAX_LENGTH - 1);
    rows_of_their_own::<H>([&format!("{stem}1"), &format!("{stem}2")])
}

pub(crate) fn slugs_that_differ_in_a_hyphen_have_rows_of_their_own<H: Harness>() -> Verdict {
    rows_of_their_own::<H>(["ab-cd", "a-bcd"])?;
    rows_of_their_own::<H>(["ab--cd", "ab-cd"])?;
    rows_of_their_own::<H>(["abcd", "ab-cd"])
}

fn rows_of_their_own<H: Harness>(slugs: [&str; 2]) -> Verdict {
    let world = World::<H>::start();
    let [one, other] = world.contexts(slugs)?;
    world.insert(&one, &[1])?;
    world.insert(&other, &[2])?;
    ensure_eq!(world.values(&one)?, [1], "rows of {}", one.slug());
    ensure_eq!(world.values(&other)?, [2], "rows of {}", other.slug());
    Ok(())
}
