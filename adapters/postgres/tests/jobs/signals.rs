use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tenantry::ports::JobQueue;
use tenantry_postgres::jobs::{JobSignal, PostgresJobQueue};

use crate::world::*;

#[test]
fn a_signal_whose_connection_was_ended_says_so_listens_again_and_hears_what_comes() {
    let world = World::new();
    let (_, acme) = world.recorded();
    let mut signal = JobSignal::new(world.config());
    signal.listen().expect("it listens");
    let ended = world.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE query LIKE 'LISTEN%' AND datname = current_database()",
    );
    assert_eq!(ended, "1", "the control: it was its connection");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        // The first look may come before the server's farewell.
        eventually("it listens again", || signal.came());
        tell.send(signal).expect("the test waits");
    });
    let mut signal = told
        .recv_timeout(Duration::from_secs(25))
        .expect("no look takes for ever");
    let queue = Arc::new(PostgresJobQueue::new(world.config()));
    wait(JobQueue::enqueue(&*queue, &job(&acme))).expect("put in");
    eventually("it hears of the job", || signal.came());
}
