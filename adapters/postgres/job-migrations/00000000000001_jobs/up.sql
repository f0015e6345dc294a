-- {{shared}} stands for the shared schema's name, in quotes. Nothing here depends on the path.
--
-- A lane is a tenant's id, or the nil UUID for jobs that were put in as shared on purpose: no tenant has that id, and an
-- absent tenant is no lane at all.
CREATE TABLE {{shared}}.tenantry_jobs (
    id uuid CONSTRAINT tenantry_jobs_pkey PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    lane uuid NOT NULL,
    actor text NOT NULL,
    kind text COLLATE "C" NOT NULL,
    payload text NOT NULL,
    priority smallint NOT NULL
        CONSTRAINT tenantry_jobs_priority_known CHECK (priority BETWEEN 0 AND 2),
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    trace_parent text,
    trace_state text,
    run_at timestamptz NOT NULL,
    unique_key text COLLATE "C",
    state text COLLATE "C" NOT NULL
        CONSTRAINT tenantry_jobs_state_known
            CHECK (state IN ('waiting', 'running', 'done', 'cancelled', 'dead')),
    token bigint NOT NULL,
    lease_until timestamptz,
    enqueued_at timestamptz NOT NULL,
    ended_at timestamptz,
    output text,
    error text,
    death text COLLATE "C",
    CONSTRAINT tenantry_jobs_attempts_allowed
        CHECK (attempts BETWEEN 0 AND max_attempts AND max_attempts BETWEEN 1 AND 1000),
    CONSTRAINT tenantry_jobs_leased_while_running CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CONSTRAINT tenantry_jobs_ended_when_ended
        CHECK ((state IN ('done', 'cancelled', 'dead')) = (ended_at IS NOT NULL)),
    CONSTRAINT tenantry_jobs_dead_for_a_reason CHECK ((state = 'dead') = (death IS NOT NULL))
)
-- Handing out walks over what was handed out since the last vacuum, so a long history mustn't put that off for long.
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 10000);

CREATE UNIQUE INDEX tenantry_jobs_unique_key ON {{shared}}.tenantry_jobs (lane, unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('waiting', 'running');
CREATE INDEX tenantry_jobs_waiting ON {{shared}}.tenantry_jobs (lane, priority, run_at, number)
    WHERE state = 'waiting';
CREATE INDEX tenantry_jobs_running ON {{shared}}.tenantry_jobs (lane) WHERE state = 'running';
CREATE INDEX tenantry_jobs_leases ON {{shared}}.tenantry_jobs (lease_until) WHERE state = 'running';
CREATE INDEX tenantry_jobs_ended ON {{shared}}.tenantry_jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tenantry_jobs_of_lane ON {{shared}}.tenantry_jobs (lane, id);

-- The order of service between lanes (start-time fair queueing). Nothing of a lane is due before ready_at; infinity if
-- nothing waits. Whoever puts a job in never changes a row here, so no two of them wait for each other.
CREATE TABLE {{shared}}.tenantry_job_lanes (
    lane uuid CONSTRAINT tenantry_job_lanes_pkey PRIMARY KEY,
    tag bigint NOT NULL DEFAULT 0,
    start bigint NOT NULL DEFAULT 0,
    weight integer NOT NULL DEFAULT 1
        CONSTRAINT tenantry_job_lanes_weight_allowed CHECK (weight BETWEEN 1 AND 1000),
    at_once integer,
    ready_at timestamptz NOT NULL DEFAULT 'infinity',
    waits_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE INDEX tenantry_job_lanes_turn ON {{shared}}.tenantry_job_lanes (tag, lane) WHERE ready_at < 'infinity';
CREATE INDEX tenantry_job_lanes_start ON {{shared}}.tenantry_job_lanes (start);

-- Lanes that have become ready, each told by the transaction that made it so.
CREATE TABLE {{shared}}.tenantry_job_arrivals (
    lane uuid NOT NULL,
    ready_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The table is nearly always empty, and full of dead rows until the next vacuum. An index forgets those by itself.
CREATE INDEX tenantry_job_arrivals_lane ON {{shared}}.tenantry_job_arrivals (lane);

-- Takes back jobs whose lease ran out, and notes the lanes that have become ready.
CREATE FUNCTION {{shared}}.tenantry_job_tidy(moment timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $tidy$
BEGIN
    WITH lost AS (
        SELECT id FROM {{shared}}.tenantry_jobs
        WHERE state = 'running' AND lease_until <= moment
        ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED
    ), taken_back AS (
        UPDATE {{shared}}.tenantry_jobs AS j
        SET state = CASE WHEN j.attempts >= j.max_attempts THEN 'dead' ELSE 'waiting' END,
            death = CASE WHEN j.attempts >= j.max_attempts THEN 'worker_lost' END,
            ended_at = CASE WHEN j.attempts >= j.max_attempts THEN moment END,
            lease_until = NULL
        FROM lost WHERE j.id = lost.id
        RETURNING j.lane, j.run_at, j.state
    )
    INSERT INTO {{shared}}.tenantry_job_arrivals (lane, ready_at)
    SELECT lane, min(run_at) FROM taken_back WHERE state = 'waiting' GROUP BY lane;

    IF EXISTS (SELECT FROM {{shared}}.tenantry_job_arrivals) THEN
        -- One at a time, and the others wait: who went on without would find nothing, and rest.
        PERFORM pg_advisory_xact_lock(
            hashtextextended('tenantry:job-arrivals', '{{shared}}.tenantry_job_arrivals'::regclass::oid::bigint)
        );
        WITH arrived AS (
            DELETE FROM {{shared}}.tenantry_job_arrivals
            WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {{shared}}.tenantry_job_arrivals ORDER BY lane LIMIT 10000 FOR UPDATE SKIP LOCKED
            ))
            RETURNING lane, ready_at
        )
        INSERT INTO {{shared}}.tenantry_job_lanes AS l (lane, ready_at)
        SELECT lane, min(ready_at) FROM arrived GROUP BY lane
        ON CONFLICT (lane) DO UPDATE SET ready_at = least(l.ready_at, excluded.ready_at);
    END IF;
END
$tidy$;

-- Hands out the job whose turn it is, as one row. No row: nothing is due.
--
-- A call waits for one lane at most, holding none, and after that for nothing, so no two calls wait for each other.
CREATE FUNCTION {{shared}}.tenantry_job_reserve(
    kinds text[], lease_us bigint, lane_limit integer, given_now timestamptz
) RETURNS SETOF {{shared}}.tenantry_jobs
-- Statistics of a queue are always stale, so its plans go by the order of its indexes alone, and are made once. That
-- makes costs look huge, and so would call for compiling what runs for microseconds.
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_generic_plan
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_incremental_sort = off
AS $reserve$
DECLARE
    moment timestamptz := coalesce(given_now, clock_timestamp());
    others refcursor;
    at_tag bigint;
    at_lane uuid;
    most integer;
    running bigint;
    found_id uuid;
    job {{shared}}.tenantry_jobs;
    spent uuid[];
    turn record;
    holding boolean := false;
BEGIN
    -- In the order of the leases, since to look through all that run may seem as good, and takes as long as they are many.
    IF (
        SELECT true FROM {{shared}}.tenantry_jobs AS j
        WHERE j.state = 'running' AND j.lease_until <= moment ORDER BY j.lease_until LIMIT 1
    ) OR EXISTS (SELECT FROM {{shared}}.tenantry_job_arrivals) THEN
        PERFORM {{shared}}.tenantry_job_tidy(moment);
        -- It may have waited for another, and jobs were put in meanwhile.
        moment := coalesce(given_now, clock_timestamp());
    END IF;

    <<lanes>>
    LOOP
        -- Nearly always the first lane has a job, so the others are asked for only if it hasn't: in one snapshot, since
        -- they move on under the hands of other workers.
        IF at_lane IS NULL THEN
            SELECT l.tag, l.lane, coalesce(l.at_once, lane_limit) INTO at_tag, at_lane, most
            FROM {{shared}}.tenantry_job_lanes AS l
            WHERE l.ready_at < 'infinity' AND l.ready_at <= moment AND l.waits_until <= moment
            ORDER BY l.tag, l.lane LIMIT 1;
        ELSE
            IF others IS NULL THEN
                OPEN others FOR
                    SELECT l.tag, l.lane, coalesce(l.at_once, lane_limit)
                    FROM {{shared}}.tenantry_job_lanes AS l
                    WHERE l.ready_at < 'infinity' AND l.ready_at <= moment AND l.waits_until <= moment
                        AND (l.tag, l.lane) > (at_tag, at_lane)
                    ORDER BY l.tag, l.lane;
            END IF;
            FETCH others INTO at_tag, at_lane, most;
        END IF;
        EXIT lanes WHEN NOT FOUND;

        IF most IS NOT NULL THEN
            SELECT count(*) INTO running FROM {{shared}}.tenantry_jobs AS j
            WHERE j.lane = at_lane AND j.state = 'running';
            CONTINUE lanes WHEN most <= running;
        END IF;
        -- From the highest priority down: what comes after the first that is found isn't looked at.
        found_id := coalesce((
            SELECT j.id FROM {{shared}}.tenantry_jobs AS j
            WHERE j.lane = at_lane AND j.state = 'waiting' AND j.priority = 2
                AND j.run_at <= moment AND j.kind = ANY (kinds)
            ORDER BY j.run_at, j.number LIMIT 1 FOR UPDATE SKIP LOCKED
        ), (
            SELECT j.id FROM {{shared}}.tenantry_jobs AS j
            WHERE j.lane = at_lane AND j.state = 'waiting' AND j.priority = 1
                AND j.run_at <= moment AND j.kind = ANY (kinds)
            ORDER BY j.run_at, j.number LIMIT 1 FOR UPDATE SKIP LOCKED
        ), (
            SELECT j.id FROM {{shared}}.tenantry_jobs AS j
            WHERE j.lane = at_lane AND j.state = 'waiting' AND j.priority = 0
                AND j.run_at <= moment AND j.kind = ANY (kinds)
            ORDER BY j.run_at, j.number LIMIT 1 FOR UPDATE SKIP LOCKED
        ));
        IF found_id IS NULL THEN
            spent := spent || at_lane;
            CONTINUE lanes;
        END IF;

        IF holding THEN
            PERFORM 1 FROM {{shared}}.tenantry_job_lanes AS l
            WHERE l.lane = at_lane FOR NO KEY UPDATE SKIP LOCKED;
            CONTINUE lanes WHEN NOT FOUND;
        ELSIF most IS NOT NULL THEN
            PERFORM 1 FROM {{shared}}.tenantry_job_lanes AS l
            WHERE l.lane = at_lane FOR NO KEY UPDATE;
            holding := true;
        END IF;
        IF most IS NOT NULL THEN
            -- The lane is ours until the end: now the count can't change.
            SELECT count(*) INTO running FROM {{shared}}.tenantry_jobs AS j
            WHERE j.lane = at_lane AND j.state = 'running';
            CONTINUE lanes WHEN most <= running;
        END IF;

        UPDATE {{shared}}.tenantry_jobs AS j
        SET state = 'running', attempts = least(j.attempts + 1, j.max_attempts), token = j.token + 1,
            lease_until = moment + lease_us * interval '1 microsecond'
        WHERE j.id = found_id
        RETURNING j.* INTO job;
        -- Last, since the next call for this lane waits from here on.
        UPDATE {{shared}}.tenantry_job_lanes AS l
        SET start = greatest(l.tag, served.last),
            tag = greatest(l.tag, served.last) + 1000000 / l.weight
        FROM (SELECT max(other.start) AS last FROM {{shared}}.tenantry_job_lanes AS other) AS served
        WHERE l.lane = at_lane;
        RETURN NEXT job;
        EXIT lanes;
    END LOOP;
    IF others IS NOT NULL THEN
        CLOSE others;
    END IF;

    -- Lanes without a due job stand aside until their next one. Whoever puts one in at the same moment holds the lane
    -- shared; then it stays as it is.
    IF spent IS NULL THEN
        RETURN;
    END IF;
    FOR turn IN
        SELECT l.lane FROM {{shared}}.tenantry_job_lanes AS l
        WHERE l.lane = ANY (spent) ORDER BY l.lane LIMIT 100 FOR UPDATE SKIP LOCKED
    LOOP
        UPDATE {{shared}}.tenantry_job_lanes AS l
        SET ready_at = coalesce((
            SELECT min(first.run_at) FROM unnest('{0,1,2}'::smallint[]) AS level(priority)
            CROSS JOIN LATERAL (
                SELECT j.run_at FROM {{shared}}.tenantry_jobs AS j
                WHERE j.lane = turn.lane AND j.state = 'waiting' AND j.priority = level.priority
                ORDER BY j.run_at, j.number LIMIT 1
            ) AS first
        ), 'infinity')
        WHERE l.lane = turn.lane;
    END LOOP;
END
$reserve$;

COMMENT ON TABLE {{shared}}.tenantry_jobs IS
    'The jobs of this database. Written by Tenantry alone: change them by the command or the library.';
