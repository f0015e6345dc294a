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
