//! What handing out reads, counted in the server's blocks: a clock would measure the machine.

use crate::world::World;

const BUSY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// As many as a hand-out reads at most, whatever there is beside the job.
const FEW: u64 = 120;

/// 100,000 jobs of one tenant wait, 5,000 run, 50,000 were done, and 20,000 arrivals were taken in since the last vacuum.
fn fill(world: &World) {
    let insert = |count: u32, state: &str, ends: &str, leased: &str| {
        world.sql(&format!(
            "insert into tenantry_jobs (id, lane, actor, kind, payload, priority, attempts, max_attempts, run_at, state, \
             token, enqueued_at, ended_at, lease_until) \
             select gen_random_uuid(), '{BUSY}', 'a', 'work', '1', 1, 0, 10, '2020-01-01', '{state}', 0, now(), {ends}, \
             {leased} from generate_series(1, {count})"
        ));
    };
    insert(100_000, "waiting", "null", "null");
    insert(5_000, "running", "null", "now() + interval '1 hour'");
    insert(50_000, "done", "now()", "null");
    world.sql(&format!(
        "insert into tenantry_job_arrivals select '{BUSY}', '2020-01-01' from generate_series(1, 20000)"
    ));
    world.sql("delete from tenantry_job_arrivals");
    world.sql(&format!(
        "insert into tenantry_job_arrivals values ('{BUSY}', '2020-01-01')"
    ));
}

/// What the third of three hand-outs reads. The first of a connection makes the plans.
fn blocks_of_a_hand_out(world: &World) -> u64 {
    let hand_out = "select id from tenantry_job_reserve('{work}', 300000000, null, null)";
    let shown = world.sql(&format!(
        "{hand_out}; {hand_out}; explain (analyze, buffers) {hand_out}"
    ));
    assert!(shown.contains("rows=1 "), "a job was handed out: {shown}");
    blocks(&shown)
}

fn blocks(shown: &str) -> u64 {
    let line = shown.lines().find(|line| line.contains("Buffers: shared"));
    let words = line.expect(shown).split(' ');
    words
        .filter_map(|word| {
            let number = word.strip_prefix("hit=").or(word.strip_prefix("read="))?;
            number.parse::<u64>().ok()
        })
        .sum()
}

#[test]
fn handing_out_reads_few_blocks_whatever_waits_runs_or_was_done_and_whatever_statistics_say() {
    let world = World::new();
    for table in ["jobs", "job_lanes", "job_arrivals"] {
        world.sql(&format!(
            "alter table tenantry_{table} set (autovacuum_enabled = off)"
        ));
    }
    world.sql("analyze"); // of empty tables
    fill(&world);
    let all =
        blocks(&world.sql("explain (analyze, buffers) select count(payload) from tenantry_jobs"));
    assert!(all > 5 * FEW, "looking at all of them shows: {all} blocks");

    // What was deleted is looked at once more, and then known to be gone.
    blocks_of_a_hand_out(&world);
    let with_stale_statistics = blocks_of_a_hand_out(&world);
    assert!(
        with_stale_statistics < FEW,
        "{with_stale_statistics} blocks"
    );
    world.sql("analyze");
    let with_new_ones = blocks_of_a_hand_out(&world);
    assert!(with_new_ones < FEW, "{with_new_ones} blocks");
}
