#!/usr/bin/env bash
# Kills a provisioning by SIGKILL at random moments and looks at what is left: nothing half-made, and a retry works.
#
#   scripts/kill-provisioning.sh [-n RUNS] [-s SEED] [DATABASE_URL]
#
# Without a URL it starts a PostgreSQL of its own, thrown away afterwards. With one, the database should be empty.
# Exit status 1 if anything was half-made, 2 if it couldn't be tried.
set -euo pipefail

runs=100
seed=$(( $(date +%s) % 1000000 ))
while getopts 'n:s:h' option; do
    case $option in
        n) runs=$OPTARG ;;
        s) seed=$OPTARG ;;
        *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
url=${1:-}

cd "$(dirname "$0")/.."
source scripts/postgres.sh

trap stop_server EXIT
trap 'exit 130' INT TERM

cargo build --quiet -p tenantry-postgres --example provision || fail 'the example "provision" does not build'
program=${CARGO_TARGET_DIR:-target}/debug/examples/provision
[ -n "$url" ] || start_server

# A killed client's server process notices when it next reads from the client.
await_the_end() {
    local tries=0
    while [ "$(sql "select count(*) from pg_stat_activity where application_name = 'tenantry'")" != 0 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1000 ] || fail 'a server process of a killed client goes on for too long'
    done
}

violations=0
violation() { violations=$((violations + 1)); echo "VIOLATION in run $1 (killed after $2 ms): $3"; }

# Every migration is a line of the ledger; the last one leaves a hundred rows.
state_of() {
    local schema=$1 mark ledger rows
    mark=$(sql "select coalesce(obj_description(oid, 'pg_namespace'), 'none') from pg_namespace where nspname = '$schema'")
    if [ -z "$mark" ]; then echo missing; return; fi
    ledger=$(sql "select count(*) from $schema.__diesel_schema_migrations" 2>/dev/null || echo none)
    rows=$(sql "select count(*) from $schema.tasks" 2>/dev/null || echo none)
    if [ "$mark" = "tenantry:tenant=$2" ] && [ "$ledger" = "$migrations" ] && [ "$rows" = 100 ]; then
        echo whole
    else
        echo "half-made: mark $mark, $ledger of $migrations migrations, $rows rows"
    fi
}

migrations=$(ls -d adapters/postgres/examples/migrations/*/ | wc -l)
milliseconds() { echo $(( $(date +%s%N) / 1000000 )); }

# How long it takes when nobody kills it: the kills are spread over that, and a little beyond.
"$program" "$url" warm-up >/dev/null || fail 'a provisioning that nobody kills fails'
began=$(milliseconds)
"$program" "$url" measured >/dev/null
span=$(( ($(milliseconds) - began) * 5 / 4 + 2 ))

echo "$runs runs, killed within $span ms, seed $seed"
declare -A seen=([unrecorded]=0 [pending-missing]=0 [pending-whole]=0 [active-whole]=0)
finished=0
moments=$(awk -v seed="$seed" -v runs="$runs" -v span="$span" \
    'BEGIN { srand(seed); for (i = 0; i < runs; i++) printf "%.1f\n", rand() * span }')
run=0
for moment in $moments; do
    run=$((run + 1))
    slug="kill-$run"
    schema="tenant_kill_$run"
    "$program" "$url" "$slug" >/dev/null 2>&1 &
    victim=$!
    sleep "$(awk -v ms="$moment" 'BEGIN { printf "%.4f", ms / 1000 }')"
    kill -KILL "$victim" 2>/dev/null || true
    if wait "$victim" 2>/dev/null; then finished=$((finished + 1)); fi
    await_the_end

    record=$(sql "select id || ' ' || status from tenantry_tenants where slug = '$slug'")
    id=${record%% *}
    status=${record##* }
    left=$(state_of "$schema" "${id:-nobody}")
    case "${status:-unrecorded}-$left" in
        unrecorded-missing) seen[unrecorded]=$((seen[unrecorded] + 1)) ;;
        pending-missing | pending-whole | active-whole) seen[$status-$left]=$((seen[$status-$left] + 1)) ;;
        *) violation "$run" "$moment" "the tenant is ${status:-unrecorded}, its schema is $left" ;;
    esac

    # The retry, by two processes at once: both must find it done in the end.
    "$program" "$url" "$slug" >/dev/null 2>&1 &
    other=$!
    "$program" "$url" "$slug" >/dev/null 2>&1 || violation "$run" "$moment" 'the retry failed'
    wait "$other" || violation "$run" "$moment" 'the second retry failed'
    record=$(sql "select id || ' ' || status from tenantry_tenants where slug = '$slug'")
    left=$(state_of "$schema" "${record%% *}")
    [ "${record##* }-$left" = active-whole ] \
        || violation "$run" "$moment" "after the retry the tenant is ${record##* }, its schema is $left"
done

stray=$(sql "select string_agg(nspname, ', ') from pg_namespace as n where starts_with(nspname, 'tenant_') \
    and not exists (select from tenantry_tenants as t \
    where 'tenantry:tenant=' || t.id = obj_description(n.oid, 'pg_namespace') \
    and n.nspname = 'tenant_' || replace(t.slug, '-', '_') and t.status = 'active')")
[ -z "$stray" ] || violation all any "schemas without an active tenant: $stray"

echo "killed before the tenant was recorded:       ${seen[unrecorded]}"
echo "killed before its schema was there:          ${seen[pending-missing]}"
echo "killed between the schema and the record:    ${seen[pending-whole]}"
echo "killed after it was active:                  ${seen[active-whole]} (of which ended by themselves: $finished)"
echo "violations:                                  $violations"
[ "$violations" -eq 0 ]
