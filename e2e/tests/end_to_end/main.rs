//! The whole application: two web processes, a worker, PostgreSQL and Redis, each of which is killed and started again while
//! requests come. `TENANTRY_SEED=…` repeats a run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod process;
mod traffic;
mod world;

use std::time::{Duration, Instant};

use tenantry::Actor;

use traffic::Traffic;
use world::{Part, World};

/// What is promised from a suspension until every process refuses the tenant, on a machine that isn't busy otherwise.
const IN_TIME: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "a run that failed has to be repeated")]
async fn nothing_crosses_and_no_job_is_lost_while_each_part_is_killed_and_started_again() {
    let seed = std::env::var("TENANTRY_SEED")
        .map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("TENANTRY_SEED={seed} repeats it");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut world = World::start(6).await;
    let mut traffic = Traffic::new(&world, random.u64(..));
    traffic.must_go_on(&world, 60).await;

    let mut parts = Part::ALL;
    random.shuffle(&mut parts);
    for part in parts {
        // It dies in the middle of what is asked, and of what is worked off.
        traffic.ask(&world, random.usize(10..30)).await;
        world.kill(part);
        traffic.ask(&world, random.usize(5..15)).await;
        world.start_again(part);
        world.works_again(part).await;
        traffic.must_go_on(&world, 40).await;
    }
    for part in parts {
        println!("killed and started again: {part:?}");
    }
    println!("{}", traffic.summary());
    traffic.every_note_is_there_and_ran(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_process_that_mixes_its_tenants_up_is_noticed() {
    let mut world = World::start(3).await;
    world.mix_up(1);
    let mut traffic = Traffic::new(&world, 1);
    let asking = tokio::spawn(async move { traffic.ask(&world, 200).await });
    let noticed = asking.await.unwrap_err().into_panic();
    let text = noticed.downcast_ref::<String>().unwrap();
    assert!(
        text.contains("crossed") || text.contains("is in the cache of"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_tenant_is_refused_by_both_web_processes_within_a_second() {
    let world = World::start(4).await;
    let service = world.host.service().unwrap();
    let mut slowest = Duration::ZERO;
    for tenant in &world.tenants {
        for web in 0..2 {
            assert_eq!(
                world.ask(web, "GET", tenant, "/mark").await.unwrap().status,
                200
            );
        }
        service
            .suspend(tenant.id(), &Actor::system())
            .await
            .unwrap();
        let suspended_at = Instant::now();
        for web in 0..2 {
            while world.ask(web, "GET", tenant, "/mark").await.unwrap().status != 403 {
                assert!(
                    suspended_at.elapsed() < 10 * IN_TIME,
                    "web {web} serves it still"
                );
            }
        }
        slowest = suspended_at.elapsed();
        // A busy machine fails some.
        if slowest < IN_TIME {
            return;
        }
    }
    panic!("never within a second: {slowest:?} at last");
}
