//! Uses everything that `core/clippy.toml` bans. Clippy finds that file from here, as it does from the core.
//!
//! `.ci/purity` fails unless Clippy refuses each of the bans by name.

/// The surroundings, time, threads and randomness, by the methods that the core may not call.
pub fn banned_methods() {
    let _ = std::time::Instant::now();
    let _ = std::time::SystemTime::now();
    let _ = chrono::Utc::now();
    let _ = chrono::Local::now();
    let _ = std::env::var("HOME");
    let _ = std::env::var_os("HOME");
    let _ = std::env::vars();
    let _ = std::env::args();
    let _ = std::env::current_dir();
    let _ = std::thread::spawn(|| ());
    std::thread::sleep(std::time::Duration::ZERO);
    let _ = uuid::Uuid::new_v4();
    let _ = uuid::Uuid::now_v7();
}

/// Input, output and randomness, by the types that the core may not name.
pub fn banned_types(
    _: std::fs::File,
    _: std::net::TcpStream,
    _: std::process::Command,
    _: std::hash::RandomState,
) {
}
