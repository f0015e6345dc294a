//! What is generated from the description of the command line.

use tempfile::TempDir;

use crate::surroundings::Tenantry;

#[test]
fn each_shell_gets_completions_that_know_the_commands() {
    let tenantry = Tenantry::without_database();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = tenantry.ok(&["completions", shell]);
        for word in ["put-back", "invitations", "pass-env"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    tenantry.refused(&["completions", "command.com"], "bash");
}

#[cfg(unix)]
#[test]
fn the_completions_for_a_shell_can_be_read_by_it() {
    use std::process::Command;

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tenantry");
    std::fs::write(
        &file,
        Tenantry::without_database().ok(&["completions", "bash"]),
    )
    .unwrap();
    let read = Command::new("bash").arg("-n").arg(&file).status().unwrap();
    assert!(read.success());
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let tenantry = Tenantry::without_database();
    let page = tenantry.ok(&["man"]);
    assert!(page.contains(".TH tenantry 1"), "{page}");
    assert!(page.contains("doctor"));
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("man1");
    tenantry.ok(&["man", "--folder", &pages.display().to_string()]);
    for name in [
        "tenantry.1",
        "tenantry-jobs-work.1",
        "tenantry-audit-verify.1",
    ] {
        let page = std::fs::read_to_string(pages.join(name)).unwrap();
        assert!(page.contains(".TH"), "{name}");
    }
}

#[test]
fn the_book_has_every_command_in_its_table() {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/commands.md");
    let book = std::fs::read_to_string(book).unwrap();
    let folder = TempDir::new().unwrap();
    let pages = folder.path().display().to_string();
    Tenantry::without_database().ok(&["man", "--folder", &pages]);
    let mut commands = 0;
    for page in std::fs::read_dir(folder.path()).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".1").trim_start_matches("tenantry");
        let Some((group, verb)) = name.trim_start_matches('-').split_once('-') else {
            let command = name.trim_start_matches('-');
            assert!(book.contains(&format!("| `{command}")), "{command}");
            continue;
        };
        if group == "help" || verb == "help" || verb.starts_with("help-") {
            continue;
        }
        let mut rows = book
            .lines()
            .filter(|row| row.starts_with(&format!("| `{group} ")));
        let named = |row: &str| {
            let words = row
                .split('|')
                .nth(1)
                .unwrap_or_default()
                .split(['`', ' ', ',']);
            words.into_iter().any(|word| word == verb)
        };
        assert!(rows.any(named), "{group} {verb}");
        commands += 1;
    }
    assert!(commands > 30, "{commands}");
}
