use std::sync::LazyLock;

use redis::Script;

macro_rules! with_books {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("lua/books.lua"), include_str!($file))))
    };
}

/// Writes entries; says `done`, `present`, `outdated` or a refusal.
pub(crate) static WRITE: LazyLock<Script> = with_books!("lua/write.lua");
/// Adds to a number; says `done` and the sum, `number`, `overflow` or a refusal.
pub(crate) static INCREMENT: LazyLock<Script> = with_books!("lua/increment.lua");
/// Compares and swaps; says `done`, `absent`, `different` or a refusal.
pub(crate) static SWAP: LazyLock<Script> = with_books!("lua/swap.lua");
/// Sets or removes an expiry; says how many entries there are.
pub(crate) static EXPIRE: LazyLock<Script> = with_books!("lua/expire.lua");
/// Deletes entries; says how many there were.
pub(crate) static DELETE: LazyLock<Script> = with_books!("lua/delete.lua");
/// Names the generation of an entry, beginning one if there is none.
pub(crate) static GENERATION: LazyLock<Script> = with_books!("lua/generation.lua");
/// Begins a generation of all entries.
pub(crate) static FLUSH: LazyLock<Script> = with_books!("lua/flush.lua");
/// Says how many bytes each of the entries takes that are there.
pub(crate) static SIZES: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("lua/sizes.lua")));
