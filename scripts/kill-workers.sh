#!/usr/bin/env bash
# Has jobs done by workers that are killed by SIGKILL at random moments, and looks at what became of the jobs.
#
#   scripts/kill-workers.sh [-n JOBS] [-w WORKERS] [-t TENANTS] [-s SEED] [DATABASE_URL]
#
# Every job has to run at least once, inside its own tenant and no other, and no result may be taken from a worker that
# came too late. Without a URL it starts a PostgreSQL of its own, thrown away afterwards. With one, the database should be
# empty. Exit status 1 if a promise was broken, 2 if it couldn't be tried.
set -euo pipefail

jobs=10000
workers=4
tenants=5
lease=400
seed=$(( $(date +%s) % 1000000 ))
while getopts 'n:w:t:s:h' option; do
    case $option in
        n) jobs=$OPTARG ;;
        w) workers=$OPTARG ;;
        t) tenants=$OPTARG ;;
        s) seed=$OPTARG ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
url=${1:-}

cd "$(dirname "$0")/.."
source scripts/postgres.sh

declare -a pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    stop_server
}
trap cleanup EXIT
trap 'exit 130' INT TERM

cargo build --quiet -p tenantry-postgres --example provision --example jobs || fail 'the examples do not build'
programs=${CARGO_TARGET_DIR:-target}/debug/examples
[ -n "$url" ] || start_server

# Each tenant has a table of the runs in its schema: a job that ran elsewhere shows by its lane.
all_runs=
for number in $(seq "$tenants"); do
    "$programs/provision" "$url" "soak-$number" >/dev/null || fail 'a tenant is not provisioned'
    sql "create table tenant_soak_$number.runs (job uuid not null, token bigint not null)"
    id=$(sql "select id from tenantry_tenants where slug = 'soak-$number'")
    all_runs+="${all_runs:+ union all }select '$id'::uuid as tenant, job, token from tenant_soak_$number.runs"
done
sql 'create table public.refusals (job uuid not null)'
"$programs/jobs" put "$url" "$jobs" >/dev/null || fail 'the jobs are not put in'

start() {
    "$programs/jobs" work "$url" "$lease" >/dev/null 2>&1 &
    pids[$1]=$!
}
for index in $(seq 0 $((workers - 1))); do start "$index"; done

echo "$jobs jobs of $tenants tenants under $workers workers, seed $seed"
kills=0
died=0
began=$SECONDS
# So many moments that they don't run out: the seed decides when somebody is killed, and who.
while read -r pause victim; do
    sleep "$pause"
    # One that ended by itself lost its server, or has a fault: that counts.
    if ! kill -KILL "${pids[$victim]}" 2>/dev/null; then died=$((died + 1)); fi
    wait "${pids[$victim]}" 2>/dev/null || true
    kills=$((kills + 1))
    start "$victim"
    [ "$(sql "select count(*) from tenantry_jobs where state in ('waiting', 'running')")" != 0 ] || break
    [ $((SECONDS - began)) -lt 900 ] || fail 'the jobs are not done within 15 minutes'
done < <(awk -v seed="$seed" -v workers="$workers" 'BEGIN { srand(seed);
    for (i = 0; i < 100000; i++) printf "%.3f %d\n", 0.05 + rand() * 0.2, int(rand() * workers) }')
for index in $(seq 0 $((workers - 1))); do
    kill -KILL "${pids[$index]}" 2>/dev/null || true
    wait "${pids[$index]}" 2>/dev/null || true
done

violations=0
# A count that has to be zero.
none() {
    local found
    found=$(sql "with runs as ($all_runs) $2")
    if [ "$found" != 0 ]; then violations=$((violations + 1)); fi
    printf '%-52s %s\n' "$1:" "$found"
}
printf '%-52s %s\n' 'workers killed:' "$((kills - died))" \
    'runs:' "$(sql "select count(*) from ($all_runs) as runs")" \
    'jobs that were begun more than once:' "$(sql "select count(*) from tenantry_jobs where token > 1")" \
    'late results that were refused:' "$(sql 'select count(*) from public.refusals')"
none 'workers that ended by themselves' "select $died"
none 'jobs that never ran' \
    'select count(*) from tenantry_jobs as j where not exists (select from runs where runs.job = j.id)'
none 'jobs that are missing or not done' \
    "select $jobs - count(*) from tenantry_jobs where state = 'done'"
none "jobs that ran in another tenant's schema" \
    'select count(*) from runs left join tenantry_jobs as j on j.id = runs.job where j.lane is distinct from runs.tenant'
none 'late results that were accepted' \
    "select count(*) from tenantry_jobs where state = 'done' and output::bigint <> token"
none 'runs under a hand-out that never was' \
    'select count(*) from runs join tenantry_jobs as j on j.id = runs.job where runs.token not between 1 and j.token'
[ "$violations" -eq 0 ]
