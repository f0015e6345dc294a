//! Links the core without the standard library.
//!
//! A program without `std` has to bring its own panic handler. `std` brings one too, so if anything below this crate
//! links `std`, the compiler finds the handler twice and refuses. `.ci/freestanding` builds this, and then builds it
//! with the feature `links-std` to see that refusal.
//!
//! A global allocator can't be written without `unsafe`, which the workspace forbids. That is why this crate stands
//! outside the workspace, and is nobody's dependency.
#![no_std]

mod allocator;

use core::panic::PanicInfo;

use tenantry::{SchemaName, Slug};

#[global_allocator]
static ALLOCATOR: allocator::Bump = allocator::Bump::new();

/// Uses what allocates and what doesn't: the length of the schema name of an accepted slug, zero for a refused one.
///
/// # Safety
/// `text` points to `length` bytes that can be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantry_schema_name_length(text: *const u8, length: usize) -> usize {
    // SAFETY: the caller promises it.
    let bytes = unsafe { core::slice::from_raw_parts(text, length) };
    let Ok(text) = core::str::from_utf8(bytes) else {
        return 0;
    };
    match Slug::new(text) {
        Ok(slug) => SchemaName::of(&slug).as_str().len(),
        Err(_) => 0,
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
