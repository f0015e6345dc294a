//! What strangers write, by the thousand: texts that are almost right, made of such that are.
//!
//! The targets are the tests of this crate, by bolero. Its default engine draws bytes at random, which alone would seldom make
//! a host: so the bytes say how one of the seeds is [changed](mutated). The seeds are kept beside the targets, in
//! `__fuzz__/<target>/corpus`, and are tried as they are, too. What once broke something belongs there.
//!
//! `make fuzz` runs them for longer; `cargo bolero test -p tenantry-fuzz <target>` has libFuzzer look for new paths.

use std::fs;
use std::path::Path;

/// Pieces that somebody may read differently than somebody else.
const PIECES: [&[u8]; 16] = [
    b".",
    b"..",
    b"/",
    b"//",
    b"\\",
    b"%2e",
    b"%2F",
    b"%00",
    b":80",
    b"@",
    b"[::1]",
    b"xn--",
    b"acme",
    b"globex",
    b"\xd0\xb0",
    b"\xe3\x80\x82",
];
/// More changes than this leave nothing of a seed.
const MOST_CHANGES: usize = 6;

/// The texts of a corpus, in the order of their names.
///
/// # Panics
/// If there are none.
pub fn seeds(manifest: &str, target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{manifest}/tests/strangers/__fuzz__/{target}/corpus");
    let mut paths: Vec<_> = fs::read_dir(Path::new(&folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let texts: Vec<_> = paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect();
    assert!(!texts.is_empty(), "{folder} has no seeds");
    texts
}

/// One of the seeds, changed as `bytes` say: which one, and then what is done to it, where and with what.
///
/// # Panics
/// Without seeds.
pub fn mutated(seeds: &[Vec<u8>], bytes: &[u8]) -> Vec<u8> {
    let (which, changes) = bytes.split_first().unwrap_or((&0, &[]));
    let mut text = seeds[usize::from(*which) % seeds.len()].clone();
    for change in changes.chunks_exact(3).take(MOST_CHANGES) {
        apply(&mut text, seeds, [change[0], change[1], change[2]]);
    }
    text
}

fn apply(text: &mut Vec<u8>, seeds: &[Vec<u8>], [what, place, with]: [u8; 3]) {
    let at = usize::from(place) % (text.len() + 1);
    let index = usize::from(with);
    match what % 8 {
        0 => text.insert(at, with),
        1 => text
            .splice(at..at, PIECES[index % PIECES.len()].iter().copied())
            .for_each(drop),
        2 => text
            .splice(at..at, seeds[index % seeds.len()].clone())
            .for_each(drop),
        3 => text.truncate(at),
        _ if at == text.len() => text.push(with),
        4 => text[at] = with,
        5 => drop(text.remove(at)),
        6 => text[at] ^= 0x20,
        _ => text[at] ^= 1 << (with % 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_make_the_same_text_and_none_leave_a_seed_as_it_is() {
        let seeds = vec![b"acme.example.com".to_vec(), b"globex".to_vec()];
        assert_eq!(mutated(&seeds, &[]), seeds[0]);
        assert_eq!(mutated(&seeds, &[1]), seeds[1]);
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(mutated(&seeds, &bytes), mutated(&seeds, &bytes));
        assert_eq!(mutated(&seeds, &[0, 5, 0, 0]), b"cme.example.com");
    }
}
