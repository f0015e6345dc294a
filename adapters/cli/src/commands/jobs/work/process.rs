use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::leash::{Leash, Pulled};

/// How much is kept of what a program writes to standard output: its beginning.
pub(super) const KEPT_OUTPUT: usize = 256 * 1024;
/// How much is kept of what it writes to standard error: its end.
pub(super) const KEPT_ERROR: usize = 3_500;
/// How long what it wrote is waited for after its end, in case something that it left behind holds the pipes.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Why it was ended, if it didn't end by itself.
    pub(super) pulled: Option<Pulled>,
    pub(super) output: Vec<u8>,
    /// Whether it wrote more than was kept.
    pub(super) cut: bool,
    pub(super) error: Vec<u8>,
    /// The same of standard error.
    pub(super) error_cut: bool,
}

/// Runs a program to its end, with `input` on its standard input. It is ended, with all that it has started, when its leash
/// is pulled or `longest` is over; what it has left running when it ends by itself goes, too.
pub(super) fn run(
    mut command: Command,
    input: Vec<u8>,
    leash: &Leash,
    longest: Duration,
) -> io::Result<Ended> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    group::lead(&mut command);
    let Started(child) = &mut Started(command.spawn()?);
    write_apart(child, input)?;
    let output = read_apart(child.stdout.take(), Keep::Beginning)?;
    let error = read_apart(child.stderr.take(), Keep::End)?;
    let pulled = wait(child, leash, longest)?;
    group::end(child);
    let status = child.wait()?;
    let until = Instant::now() + LAST_WORDS;
    let (output, cut) = output.map(|read| read.kept(until)).unwrap_or_default();
    let (error, error_cut) = error.map(|read| read.kept(until)).unwrap_or_default();
    Ok(Ended {
        status,
        pulled,
        output,
        cut,
        error,
        error_cut,
    })
}

/// A program that was started. It is never left running, whatever else fails.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            group::end(&mut self.0);
            // Whoever gets here has an error of its own to tell.
            let _ = self.0.wait();
        }
    }
}

/// Waits until the program has ended, or has to be.
fn wait(child: &mut Child, leash: &Leash, longest: Duration) -> io::Result<Option<Pulled>> {
    let began = Instant::now();
    while !group::has_ended(child)? {
        let took = began.elapsed();
        if took >= longest {
            leash.pull(Pulled::TooLong);
        }
        // Short programs are noticed soon, long ones cheaply.
        let glance = (took / 16).clamp(Duration::from_millis(1), Duration::from_millis(20));
        if let Some(pulled) = leash.wait(glance) {
            return Ok(Some(pulled));
        }
    }
    Ok(None)
}

/// A program that doesn't read its input isn't waited for.
fn write_apart(child: &mut Child, input: Vec<u8>) -> io::Result<()> {
    if let Some(mut pipe) = child.stdin.take() {
        thread::Builder::new().spawn(move || pipe.write_all(&input))?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Keep {
    Beginning,
    End,
}

/// What a thread reads of a pipe until its end.
struct ReadApart {
    kept: Arc<Mutex<Kept>>,
    ended: Receiver<()>,
}

#[derive(Default)]
struct Kept {
    bytes: VecDeque<u8>,
    cut: bool,
}

fn read_apart(
    pipe: Option<impl Read + Send + 'static>,
    keep: Keep,
) -> io::Result<Option<ReadApart>> {
    let Some(mut pipe) = pipe else {
        return Ok(None);
    };
    let kept = Arc::<Mutex<Kept>>::default();
    let (tell, ended) = channel::<()>();
    let filled = Arc::clone(&kept);
    thread::Builder::new().spawn(move || {
        let _tells_by_its_end = tell;
        let mut buffer = [0; 8 * 1024];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            let mut kept = filled.lock().unwrap_or_else(PoisonError::into_inner);
            kept.take(&buffer[..count], keep);
        }
    })?;
    Ok(Some(ReadApart { kept, ended }))
}

impl Kept {
    fn take(&mut self, bytes: &[u8], keep: Keep) {
        match keep {
            Keep::Beginning => {
                let room = KEPT_OUTPUT.saturating_sub(self.bytes.len());
                self.cut |= bytes.len() > room;
                self.bytes.extend(&bytes[..bytes.len().min(room)]);
            }
            Keep::End => {
                self.bytes.extend(bytes);
                let over = self.bytes.len().saturating_sub(KEPT_ERROR);
                self.cut |= over > 0;
                self.bytes.drain(..over);
            }
        }
    }
}

impl ReadApart {
    /// What was kept, by then at the latest, and whether there was more.
    fn kept(self, until: Instant) -> (Vec<u8>, bool) {
        let left = until.saturating_duration_since(Instant::now());
        // It never tells anything but its end.
        let _ = self.ended.recv_timeout(left);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.bytes.drain(..).collect(), kept.cut)
    }
}

/// A program and what it starts are one process group, which a terminal's signals don't reach, and which ends as a whole.
#[cfg(unix)]
mod group {
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    pub(super) fn lead(command: &mut Command) {
        command.process_group(0);
    }

    /// It isn't waited for as such, so that its number isn't given to another before [`end`].
    pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
        let Some(pid) = Pid::from_raw(child.id().cast_signed()) else {
            return Ok(child.try_wait()?.is_some());
        };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(pid), look)?.is_some())
    }

    pub(super) fn end(child: &mut Child) {
        if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
            // There may be nobody left.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
mod group {
    use std::io;
    use std::process::{Child, Command};

    pub(super) fn lead(_: &mut Command) {}

    pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
        Ok(child.try_wait()?.is_some())
    }

    pub(super) fn end(child: &mut Child) {
        // It may have ended.
        let _ = child.kill();
    }
}
