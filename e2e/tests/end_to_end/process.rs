use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// One process of the application, killed by `SIGKILL` when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// What it said first: where it is, or that it works.
    pub(crate) said: String,
}

impl Process {
    pub(crate) fn start(kind: &str, database: &str, redis: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_host"))
            .args([kind, database, redis])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut said).unwrap();
        assert!(!said.is_empty(), "the process {kind} ended at once");
        Self {
            child,
            said: said.trim().into(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which whoever asked it has noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
