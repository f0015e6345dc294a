use std::sync::Barrier;
use std::thread;

use crate::Violation;
use crate::behaviour::text_of;

/// Runs `work` on `count` threads that begin at once, and gives what each returned.
pub(crate) fn at_once<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>, Violation> {
    let barrier = Barrier::new(count);
    let (barrier, work) = (&barrier, &work);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn(move || {
                    barrier.wait();
                    work(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .map_err(|panic| Violation::new(format!("a panic: {}", text_of(&*panic))))
            })
            .collect()
    })
}
