use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::ServerError;
use super::programs::is_for_libpq;

const SCRIPT: &str = include_str!("supervisor.sh");
const LOG_TAIL: usize = 3_000;

/// The process that owns a server and its folder, and ends both when this value or its process ends.
#[derive(Debug)]
pub(super) struct Supervisor {
    server: &'static str,
    folder: PathBuf,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Supervisor {
    /// Makes the folder. `kind` is a part of its name; `user` is who runs the server if the owner is root; `functions` are
    /// the server's own steps, for which `$bin` is `program`.
    pub(super) fn start(
        server: &'static str,
        kind: &str,
        user: &str,
        functions: &str,
        program: &Path,
    ) -> Result<Self, ServerError> {
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(format!("{SCRIPT}\n{functions}\nsupervise"))
            .current_dir("/")
            .env("kind", kind)
            .env("user", user)
            .env("base", env::temp_dir())
            .env("bin", program)
            // A signal to the owner's whole group leaves this one alive to clean up.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in env::vars_os().filter(|(name, _)| is_for_libpq(name)) {
            command.env_remove(name);
        }
        let mut child = command.spawn().map_err(ServerError::io("run /bin/sh"))?;
        let orders = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("stdout is piped above"));
        let mut folder = String::new();
        answers
            .read_line(&mut folder)
            .map_err(ServerError::io("read from /bin/sh"))?;
        let folder = folder.trim_end();
        if folder.is_empty() {
            let output = child
                .wait_with_output()
                .map_err(ServerError::io("wait for /bin/sh"))?;
            return Err(ServerError::Failed {
                server,
                action: "get a folder".into(),
                log: String::from_utf8_lossy(&output.stderr).into_owned(),
            });
        }
        Ok(Self {
            server,
            folder: folder.into(),
            child,
            orders,
            answers,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has one step done, such as `start 5432`.
    pub(super) fn order(&mut self, step: &str) -> Result<(), ServerError> {
        let orders = self
            .orders
            .as_mut()
            .expect("only a dropped supervisor has none");
        writeln!(orders, "{step}").map_err(ServerError::io("speak to the server's watcher"))?;
        let mut answer = String::new();
        self.answers
            .read_line(&mut answer)
            .map_err(ServerError::io("hear from the server's watcher"))?;
        if answer.trim_end() == "ok" {
            return Ok(());
        }
        Err(ServerError::Failed {
            server: self.server,
            action: step.to_owned(),
            log: self.logs(),
        })
    }

    /// The end of everything that was logged.
    pub(super) fn logs(&self) -> String {
        let mut text = String::new();
        for entry in self.folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                text += &std::fs::read_to_string(&path).unwrap_or_default();
            }
        }
        let mut cut = text.len().saturating_sub(LOG_TAIL);
        while !text.is_char_boundary(cut) {
            cut += 1;
        }
        text.split_off(cut)
    }
}

impl Drop for Supervisor {
    /// Returns when the server is down and its folder is gone.
    fn drop(&mut self) {
        drop(self.orders.take());
        // A watcher that can't be waited for has been waited for already.
        let _ = self.child.wait();
    }
}
