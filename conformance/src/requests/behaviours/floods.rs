//! Names that nobody has, by the thousand.

use std::thread;
use std::time::{Duration, Instant};

use tenantry::resolution::SourceKind;

use crate::requests::world::{World, ensure_of, ensure_refused};
use crate::requests::{Answer, Asked, RequestHarness, RequestServer};
use crate::{Verdict, Violation, ensure};

const PATIENCE: Duration = Duration::from_secs(5);

/// What a flood came to.
struct Flood {
    answers: Vec<Answer>,
    look_ups: u64,
    took: Duration,
}

fn unknown(number: u32) -> Asked {
    Asked::at(&format!("nobody-{number}.example.com"))
}

/// Asks for six times as many names as may be looked up in a second.
fn flood<H: RequestHarness>(server: &dyn RequestServer) -> Flood {
    let before = server.look_ups();
    let begun = Instant::now();
    let names = 0..6 * H::LOOK_UPS_PER_SECOND;
    let answers = names.map(|number| server.send(&unknown(number))).collect();
    Flood {
        answers,
        look_ups: server.look_ups() - before,
        took: begun.elapsed(),
    }
}

fn server_of<H: RequestHarness>(world: &World<H>) -> Box<dyn RequestServer> {
    world.serve(&[SourceKind::Subdomain])
}

pub(crate) fn a_flood_of_unknown_names_costs_a_bounded_number_of_look_ups<H: RequestHarness>()
-> Verdict {
    let world = World::<H>::start();
    let server = server_of(&world);
    let flood = flood::<H>(server.as_ref());
    // So many at once, and so many for each second that it took.
    let milliseconds = flood.took.as_millis();
    let allowed = u128::from(H::LOOK_UPS_PER_SECOND) * (milliseconds + 1000) / 1000 + 1;
    ensure!(
        u128::from(flood.look_ups) <= allowed,
        "{} look-ups within {milliseconds} ms",
        flood.look_ups
    );
    let refused = flood.answers.iter().filter(|answer| answer.status == 503);
    for answer in refused {
        ensure_refused(answer, 503, "too_many_unknown")?;
        ensure!(
            answer.header("retry-after").is_some(),
            "no time to come back at: {answer:?}"
        );
    }
    for answer in flood.answers.iter().filter(|answer| answer.status != 503) {
        ensure_refused(answer, 404, "tenant_unknown")?;
    }
    Ok(())
}

pub(crate) fn a_flood_of_unknown_names_is_not_all_remembered<H: RequestHarness>() -> Verdict {
    let world = World::<H>::start();
    let server = server_of(&world);
    let flood = flood::<H>(server.as_ref());
    ensure!(
        flood.look_ups > H::MOST_REMEMBERED,
        "{} look-ups don't show it: let MOST_REMEMBERED be smaller",
        flood.look_ups
    );
    // Whoever tidies up later may do so.
    let begun = Instant::now();
    while server.remembered() > H::MOST_REMEMBERED {
        ensure!(
            begun.elapsed() < PATIENCE,
            "{} names are remembered",
            server.remembered()
        );
        server.send(&unknown(0));
        thread::yield_now();
    }
    Ok(())
}

pub(crate) fn a_known_tenant_is_served_in_the_middle_of_a_flood<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let server = server_of(&world);
    ensure_of(&server.send(&Asked::of(acme.slug())), &acme)?;
    for number in 0..6 * H::LOOK_UPS_PER_SECOND {
        server.send(&unknown(number));
        if number % 50 == 0 {
            ensure_of(&server.send(&Asked::of(acme.slug())), &acme)?;
        }
    }
    Ok(())
}

pub(crate) fn after_a_flood_there_is_room_for_new_names<H: RequestHarness>() -> Verdict {
    let (world, [acme]) = World::<H>::with(["acme"])?;
    let server = server_of(&world);
    flood::<H>(server.as_ref());
    // Nobody asked for this one before.
    let begun = Instant::now();
    loop {
        let answer = server.send(&Asked::of(acme.slug()));
        if answer.status == 200 {
            return ensure_of(&answer, &acme);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Violation::new(format!(
                "there is no room again: {answer:?}"
            )));
        }
        thread::yield_now();
    }
}
